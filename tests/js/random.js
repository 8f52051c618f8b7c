/** Numbers that look random and are the same in every run, for properties that hold of any input. */

/** @param {number} seed @returns {() => number} from 0 to 1 (mulberry32) */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Try a property on many inputs; a failure names the seed that gave it. @param {(random: () => number) => void} holds @param {number} [times] */
export function forAll(holds, times = 200) {
  for (let seed = 1; seed <= times; seed++) {
    try {
      holds(generator(seed));
    } catch (error) {
      throw new Error(`with seed ${seed}`, { cause: error });
    }
  }
}

/** @param {() => number} random @param {number} low @param {number} high the first that is too high */
export const whole = (random, low, high) => low + Math.floor(random() * (high - low));

/** @template T @param {() => number} random @param {T[]} list @returns {T} */
export const pick = (random, list) => list[whole(random, 0, list.length)];
