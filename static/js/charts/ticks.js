/** Scales for what is drawn on a canvas: a linear or a log one, its ticks and their words. */

import { shown } from '../page/texts.js';

/** What draws on a canvas. @param {HTMLCanvasElement} canvas */
export const brush = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')); // null for who asked for another kind before

/** @typedef {{place: (value: number) => number, ticks: number[]}} Scale `place`: 0 at the low end, 1 at the high one */

/** @param {number} low @param {number} high @param {boolean} log @param {number} [wanted] ticks @returns {Scale} */
export function scaleOf(low, high, log, wanted = 4) {
  if (!log) return { place: (value) => (value - low) / (high - low || 1), ticks: linearTicks(low, high, wanted) };
  const [from, to] = [Math.log10(low), Math.log10(high)];
  const every = Math.max(1, Math.ceil((to - from) / wanted));
  const ticks = [];
  for (let power = Math.ceil(from - 1e-9); power <= to + 1e-9; power += every) ticks.push(10 ** power);
  return { place: (value) => (Math.log10(value) - from) / (to - from || 1), ticks: ticks.length > 1 ? ticks : [low, high] };
}

/** @param {number} low @param {number} high @param {number} wanted */
export function linearTicks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5].map((m) => m * power).find((s) => s >= rough * 0.9999) ?? 10 * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-6; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** @type {Record<string, string>} */
const DIGITS = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };

/** A tick's word: powers of ten as such on a log axis, thousands short. @param {number} value @param {boolean} [log] */
export function tickWord(value, log = false) {
  const power = Math.log10(value);
  if (log && Number.isInteger(Math.round(power * 1e6) / 1e6) && Math.abs(power) >= 3) return `10${[...String(Math.round(power))].map((digit) => DIGITS[digit]).join('')}`;
  if (!log && Math.abs(value) >= 1e4 && Number.isInteger(value / 100)) return `${Number((value / 1000).toPrecision(6))}k`;
  return shown(value);
}
