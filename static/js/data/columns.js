/** What the page holds of one series: growable columns, bounded by folding neighbours into buckets. */

const FIELDS = /** @type {const} */ (['step', 'min', 'max', 'last', 'bad']);

/** @typedef {[number, number] | null} Range of steps; null: everything */
/** @typedef {{x: number[], y: (number | null)[]}} Line */

/**
 * Buckets of one series in ascending order of steps. A point is a bucket of one value. When `cap` is reached,
 * neighbours are folded into buckets aligned to absolute steps; min, max and the count of non-finite values survive.
 */
export class Series {
  /** @param {number} [cap] buckets at most */
  constructor(cap = 16384) {
    this.cap = cap;
    this.width = 1;
    this.n = 0;
    this.size = 256;
    this.step = new Float64Array(this.size);
    this.min = new Float64Array(this.size);
    this.max = new Float64Array(this.size);
    this.last = new Float64Array(this.size);
    this.bad = new Float64Array(this.size);
  }

  /** @param {Float64Array} steps @param {Float64Array} values */
  points(steps, values) {
    for (let i = 0; i < steps.length; i++) {
      const v = values[i];
      this.#add(steps[i], v, v, v, Number.isFinite(v) ? 0 : 1);
    }
  }

  /** @param {{step: Float64Array, min: Float64Array, max: Float64Array, last: Float64Array, nonfinite: Float64Array}} columns */
  buckets(columns) {
    const { step, min, max, last, nonfinite } = columns;
    for (let i = 0; i < step.length; i++) this.#add(step[i], min[i], max[i], last[i], nonfinite[i]);
  }

  /**
   * A step that comes again means that a later attempt goes on from there: what was held from it on is replaced.
   * @param {number} step @param {number} min @param {number} max @param {number} last @param {number} bad
   */
  #add(step, min, max, last, bad) {
    if (this.n > 0 && this.width > 1 && this.#bucket(step) === this.#bucket(this.step[this.n - 1])) {
      this.#merge(this.n - 1, min, max, last, bad);
      return;
    }
    if (this.n > 0 && step <= this.step[this.n - 1]) this.n = this.index(step);
    if (this.n === this.cap) {
      this.#fold();
      this.#add(step, min, max, last, bad); // its bucket may be held now
      return;
    }
    if (this.n === this.size) this.#grow();
    const i = this.n++;
    this.step[i] = step;
    this.min[i] = min;
    this.max[i] = max;
    this.last[i] = last;
    this.bad[i] = bad;
  }

  /** @param {number} step */
  #bucket(step) {
    return Math.floor(step / this.width);
  }

  /** @param {number} i @param {number} min @param {number} max @param {number} last @param {number} bad */
  #merge(i, min, max, last, bad) {
    if (Number.isFinite(min) && !(Number.isFinite(this.min[i]) && this.min[i] <= min)) this.min[i] = min;
    if (Number.isFinite(max) && !(Number.isFinite(this.max[i]) && this.max[i] >= max)) this.max[i] = max;
    this.last[i] = last;
    this.bad[i] += bad;
  }

  #fold() {
    while (this.n > this.cap / 2) {
      this.width *= 2;
      const held = this.n;
      this.n = 0;
      for (let i = 0; i < held; i++) this.#add(this.step[i], this.min[i], this.max[i], this.last[i], this.bad[i]);
    }
  }

  #grow() {
    this.size = Math.min(this.cap, this.size * 2);
    for (const field of FIELDS) {
      const wider = new Float64Array(this.size);
      wider.set(this[field]);
      this[field] = wider;
    }
  }

  /** The first index whose step is at least `step`. @param {number} step */
  index(step) {
    let low = 0;
    let high = this.n;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.step[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get lastStep() {
    return this.n ? this.step[this.n - 1] : -1;
  }

  get latest() {
    return this.n ? this.last[this.n - 1] : null;
  }

  /** The newest value at or before a step. @param {number | null} step null: the latest */
  at(step) {
    const i = step === null ? this.n - 1 : this.index(step + 1e-9) - 1;
    return i < 0 ? null : { step: this.step[i], value: this.last[i] };
  }

  /**
   * Points to draw: all of them, or min and max of each of ≤ `budget` buckets aligned to absolute steps. A non-finite
   * value is a null, however many finite ones its bucket has.
   * @param {Range} range @param {number} [budget] @returns {Line}
   */
  line(range, budget = 800) {
    const from = range ? Math.max(0, this.index(range[0]) - 1) : 0;
    const to = range ? Math.min(this.n, this.index(range[1]) + 1) : this.n;
    /** @type {Line} */
    const { x, y } = { x: [], y: [] };
    if (to - from <= 2 * budget) {
      for (let i = from; i < to; i++) this.#put(x, y, i, i, i, this.bad[i] ? i : -1);
      return { x, y };
    }
    const span = this.step[to - 1] - this.step[from];
    const width = 2 ** Math.ceil(Math.log2(Math.max(1, span / budget)));
    for (let i = from; i < to; ) i = this.#thin(x, y, i, to, width);
    return { x, y };
  }

  /** @param {number[]} x @param {(number | null)[]} y @param {number} from @param {number} to @param {number} width @returns {number} where the next one begins */
  #thin(x, y, from, to, width) {
    const end = (Math.floor(this.step[from] / width) + 1) * width;
    let low = -1;
    let high = -1;
    let bad = -1;
    let i = from;
    for (; i < to && this.step[i] < end; i++) {
      if (this.bad[i]) bad = i;
      if (Number.isFinite(this.min[i]) && (low < 0 || this.min[i] < this.min[low])) low = i;
      if (Number.isFinite(this.max[i]) && (high < 0 || this.max[i] > this.max[high])) high = i;
    }
    this.#put(x, y, low, high, bad, bad);
    return i;
  }

  /** @param {number[]} x @param {(number | null)[]} y @param {number} low @param {number} high @param {number} place @param {number} bad indices; -1: none */
  #put(x, y, low, high, place, bad) {
    /** @type {[number, number | null][]} */
    const marks = [];
    const finite = low >= 0 && Number.isFinite(this.min[low]);
    if (finite) marks.push([this.step[low], this.min[low]]);
    if (finite && this.max[high] !== this.min[low]) marks.push([this.step[high], this.max[high]]);
    if (bad >= 0) marks.push([this.step[place], null]);
    marks.sort((a, b) => a[0] - b[0]);
    for (const [step, value] of marks) {
      x.push(step);
      y.push(value);
    }
  }

  /**
   * Debiased exponential mean, as TensorBoard's, thinned to ≤ `budget` points; non-finite values pass through as gaps.
   * @param {Range} range @param {number} weight @param {number} [budget] @returns {Line}
   */
  smooth(range, weight, budget = 800) {
    /** @type {Line} */
    const { x, y } = { x: [], y: [] };
    const every = Math.max(1, Math.ceil(this.n / budget));
    let mean = 0;
    let mass = 0;
    for (let i = 0; i < this.n; i++) {
      const finite = Number.isFinite(this.last[i]);
      if (finite) {
        mean = weight * mean + (1 - weight) * this.last[i];
        mass = weight * mass + (1 - weight);
      }
      if ((finite && i % every !== 0 && i !== this.n - 1) || (range && (this.step[i] < range[0] || this.step[i] > range[1]))) continue;
      x.push(this.step[i]);
      y.push(finite ? mean / mass : null);
    }
    return { x, y };
  }

  /** Smallest and largest finite value, and the smallest above zero. */
  extent() {
    let low = Infinity;
    let high = -Infinity;
    let positive = Infinity;
    for (let i = 0; i < this.n; i++) {
      if (this.min[i] < low && this.min[i] !== -Infinity) low = this.min[i];
      if (this.max[i] > high && this.max[i] !== Infinity) high = this.max[i];
      if (this.min[i] > 0 && this.min[i] < positive) positive = this.min[i];
    }
    return { low, high, positive };
  }
}
