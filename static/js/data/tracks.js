/** Histograms of one layer and kind over time: sparse columns of counts over the fixed bins. */

const CAP = 2048;

/** @typedef {{first: number, last: number, bins: Uint16Array, counts: Uint32Array}} Column of the steps from `first` to `last` */

export class Track {
  constructor() {
    /** @type {Column[]} */
    this.columns = [];
    this.version = 0;
    /** @type {{low: number, high: number, fold: number} | undefined} the bins that a figure of it shows; its own to keep */
    this.shape = undefined;
  }

  /**
   * Append columns; one whose first step is held already replaces that one and those after it.
   * @param {Float64Array} first @param {Float64Array} last @param {Uint32Array} offsets
   * @param {Uint16Array} bins @param {Uint32Array} counts
   */
  append(first, last, offsets, bins, counts) {
    for (let i = 0; i < first.length; i++) {
      while (this.columns.length && this.columns[this.columns.length - 1].first >= first[i]) this.columns.pop();
      this.columns.push({
        first: first[i],
        last: last[i],
        bins: bins.slice(offsets[i], offsets[i + 1]),
        counts: counts.slice(offsets[i], offsets[i + 1]),
      });
    }
    if (this.columns.length > CAP) this.columns = pairs(this.columns);
    this.version++;
  }

  /**
   * Columns to draw, neighbours added up until at most `budget` remain.
   * @param {number} budget @param {import('./columns.js').Range} range
   */
  thinned(budget, range) {
    let columns = this.columns;
    if (range) columns = columns.filter((c) => c.last >= range[0] && c.first <= range[1]);
    while (columns.length > budget) columns = pairs(columns);
    return columns;
  }
}

/** @param {Column[]} columns */
function pairs(columns) {
  const joined = [];
  for (let i = 0; i < columns.length; i += 2) joined.push(i + 1 < columns.length ? sum(columns[i], columns[i + 1]) : columns[i]);
  return joined;
}

/** @param {Column} a @param {Column} b @returns {Column} */
function sum(a, b) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const { bins, counts: added } of [a, b]) bins.forEach((bin, i) => counts.set(bin, (counts.get(bin) || 0) + added[i]));
  const bins = Uint16Array.from(counts.keys()).sort();
  return { first: a.first, last: b.last, bins, counts: Uint32Array.from(bins, (bin) => counts.get(bin) ?? 0) };
}
