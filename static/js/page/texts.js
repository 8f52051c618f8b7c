/** The page's words in its language: msgids are English, translations come as a piece of the page. */

import { data } from './pieces.js';

/** @type {Record<string, string>} */
const translated = await data('texts');

export const language = document.documentElement.lang || 'en';

/**
 * A text in the page's language. Names in braces are replaced from `values`.
 * @param {string} text the English msgid
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function _(text, values = {}) {
  return (translated[text] || text).replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

const whole = new Intl.NumberFormat(language);

/** @param {number} n @returns {string} an integer with its thousands set apart */
export const integer = (n) => whole.format(Math.round(n));

/**
 * A measured value for reading: four significant digits, powers of ten where it is tiny or huge.
 * @param {number | null | undefined} value
 */
export function shown(value) {
  if (value === null || value === undefined) return '–';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace('-', '−').replace('e+', 'e').replace('e-', 'e−');
  return String(Number(value.toPrecision(4))).replace('-', '−');
}

/** A setting for reading, as short as it can be: 0.01, 1e−6. @param {number} value */
export function brief(value) {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace('.0e', 'e').replace('e-', 'e−');
  return String(Number(value.toPrecision(3)));
}
