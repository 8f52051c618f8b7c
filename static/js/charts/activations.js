/** One layer's activations over time: shares of all its values over the fixed bins, a row a bin, a column a measured step. */

import { _, shown } from '../page/texts.js';
import { CIVIDIS } from './house.js';
import { axis, draw } from './plot.js';

/** @import { Bins } from '../data/wire.d.ts' */
/** @import { Run } from '../data/runs.js' */
/** @import { Column, Track } from '../data/tracks.js' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Reading, Scene } from './plot.js' */

/** @typedef {{from: number, to: number, near?: -1 | 1, zero?: boolean}} Row its bins; `near`: it is folded, below or above zero */

const COLUMNS = 240;
const NEAR_ZERO = 0.03; // of a column's non-zero counts may lie in the rows that are folded next to zero
const POWER = 1.5; // of the colour scale: a rare value must be seen beside a thousand zeros

/** @param {Bins} bins */
export function activations(bins) {
  const side = bins.zero;

  /** @param {Scene} scene */
  function drawActivations(scene) {
    const { run, layer, colour, range } = scene;
    const track = run?.tracks.get(`activation/${layer}`);
    const columns = track?.thinned(COLUMNS, range) ?? [];
    if (!run || !track || !columns.length) return draw(scene, [], { yaxis: axis(colour, { visible: false, range: [0, 1] }) });
    const rows = rowsOf(track, columns);
    const z = rows.map(() => new Float64Array(columns.length));
    columns.forEach((column, i) => fill(z, rows, column, i));
    const starts = columns.map((c) => c.first);
    const last = starts[starts.length - 1];
    const width = starts.length > 1 ? last - starts[starts.length - 2] : 1;
    const meta = {
      run: run.id, layer, kind: 'activation', steps: starts, low: rows.map((r) => bins.low[r.from] ?? -Infinity), high: rows.map((r) => bins.high[r.to] ?? Infinity),
    };
    /** @type {PlotlyTrace} */
    const heat = {
      type: 'heatmap', x: [...starts, Math.max(columns[columns.length - 1].last + 1, last + width)], y: rows.map((_row, i) => i), z: z.map((row) => Array.from(row)),
      zmin: 0, zmax: brightest(z, rows), colorscale: scaleFrom(colour.card), showscale: false, hoverinfo: 'skip', meta,
    };
    return draw(scene, [heat], { yaxis: axis(colour, { title: _('activation'), range: [-0.5, rows.length - 0.5], showgrid: false, zeroline: false, ...ticks(rows) }) });
  }

  /**
   * Rows from the lowest to the highest bin that ever counted something. The many bins next to zero that hold next to
   * nothing are folded into one row a side. Rows only ever spread, so that the figure doesn't jitter.
   * @param {Track} track @param {Column[]} columns
   */
  function rowsOf(track, columns) {
    const held = (track.shape ??= { low: side, high: side, fold: side });
    for (const { bins: counted, counts } of columns) {
      let small = 0;
      let all = 0;
      const near = new Float64Array(side + 1);
      counted.forEach((bin, i) => {
        if (bin > 2 * side) return;
        held.low = Math.min(held.low, bin);
        held.high = Math.max(held.high, bin);
        const distance = Math.abs(bin - side);
        near[distance] += counts[i];
        if (distance) all += counts[i];
      });
      let fold = 0;
      while (fold < side && small + near[fold + 1] <= NEAR_ZERO * all) small += near[++fold];
      held.fold = Math.min(held.fold, fold);
    }
    const fold = Math.max(1, Math.min(held.fold, Math.max(side - held.low, held.high - side)));
    /** @type {Row[]} */
    const rows = [];
    for (let bin = held.low; bin < side - fold; bin++) rows.push({ from: bin, to: bin });
    if (held.low < side) rows.push({ from: Math.max(held.low, side - fold), to: side - 1, near: -1 });
    rows.push({ from: side, to: side, zero: true });
    if (held.high > side) rows.push({ from: side + 1, to: Math.min(held.high, side + fold), near: 1 });
    for (let bin = side + fold + 1; bin <= held.high; bin++) rows.push({ from: bin, to: bin });
    // A folded row reaches to zero, whichever of its bins counted something.
    for (const row of rows) if (row.near === -1) row.from = side - fold;
    for (const row of rows) if (row.near === 1) row.to = side + fold;
    return rows;
  }

  /** Shares, so that a column that sums several steps, or is of an epoch's last and smaller batch, is as bright as its neighbours. @param {Float64Array[]} z @param {Row[]} rows @param {Column} column @param {number} i */
  function fill(z, rows, column, i) {
    const first = rows[0].from;
    const total = column.counts.reduce((a, b) => a + b, 0);
    /** @type {Map<number, number>} */
    const rowOf = new Map();
    rows.forEach((row, r) => {
      for (let bin = row.from; bin <= row.to; bin++) rowOf.set(bin, r);
    });
    column.bins.forEach((bin, k) => {
      const row = bin >= first ? rowOf.get(bin) : undefined;
      if (row !== undefined) z[row][i] += column.counts[k] / total;
    });
  }

  /** Ticks at zero and at powers of ten that are at least 14 rows' worth apart of the figure. @param {Row[]} rows */
  function ticks(rows) {
    /** @type {[number, string][]} */
    const at = [];
    rows.forEach((row, i) => {
      if (row.zero) at.push([i, '0']);
      const edge = row.near ? null : row.from > side ? bins.low[row.from] : bins.high[row.to];
      const outer = row.from > side ? bins.high[row.to] : bins.low[row.from];
      if (row.zero || edge === null) return;
      const power = Math.round(Math.log10(Math.abs(edge)));
      const value = 10 ** power;
      if (Math.abs(edge) <= value && (outer === null || Math.abs(outer) > value)) {
        const share = Math.log(value / Math.abs(edge)) / Math.log(Math.abs(outer ?? 2 * edge) / Math.abs(edge));
        at.push([edge > 0 ? i - 0.5 + share : i + 0.5 - share, `${edge < 0 ? '−' : ''}${value < 1e-3 || value > 1e4 ? `1e${power}`.replace('-', '−') : value}`]);
      }
    });
    const kept = at.filter(([place], i) => i === 0 || place - at[i - 1][0] > rows.length / 16);
    return { tickmode: 'array', tickvals: kept.map((t) => t[0]), ticktext: kept.map((t) => t[1]) };
  }

  /** @param {Run} run @param {number | null} step @param {Colours} _colour @param {string | null} layer @returns {Reading[]} */
  function read(run, step, _colour, layer) {
    const rows = [
      ['activation/mean', 'μ'],
      ['activation/std', 'σ'],
      ['activation/saturated', _('saturated')],
      ['activation/dead', _('dead')],
    ];
    return rows.flatMap(([quantity, word]) => {
      const at = run.series.get(`layer/${layer}/${quantity}`)?.at(step);
      const share = quantity.endsWith('saturated') || quantity.endsWith('dead');
      return at && (!share || Number.isFinite(at.value)) ? [{ name: word, value: share ? `${Math.round(100 * at.value)} %` : shown(at.value), step: at.step }] : [];
    });
  }

  /** How many values of the newest column were not finite. @param {Run | undefined} run @param {string | null} layer */
  function note(run, layer) {
    const columns = run?.tracks.get(`activation/${layer}`)?.columns ?? [];
    const newest = columns.at(-1);
    let bad = 0;
    newest?.bins.forEach((bin, i) => {
      if (bin >= bins.nan) bad += newest.counts[i];
    });
    return bad ? _('{n} values of this layer are NaN or infinite', { n: bad }) : '';
  }

  return { draw: drawActivations, read, note };
}

/** The greatest share but those of exact zeros: half of a ReLU's outputs are, and would leave the rest in the dark. @param {Float64Array[]} z @param {Row[]} rows */
const brightest = (z, rows) => Math.max(1e-6, ...z.filter((_row, i) => !rows[i].zero).map((row) => row.reduce((a, b) => Math.max(a, b), 0)));

/** Cividis; a cell that counts nothing is the card itself. @param {string} empty */
const scaleFrom = (empty) => [
  [0, empty], [1e-9, CIVIDIS[0]], ...CIVIDIS.map((tone, i) => [Math.max(2e-9, (i / (CIVIDIS.length - 1)) ** POWER), tone]),
];
