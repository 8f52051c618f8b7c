/** What the run has fitted: a boundary in the plane, a curve, or the first layer's weights as small pictures. */

import { _, shown } from '../../page/texts.js';
import { finite } from '../house.js';
import { axis, draw, trace } from '../plot.js';

/** @import { Fitted, Grid, Table, Weights } from '../../data/wire.d.ts' */
/** @import { Run } from '../../data/runs.js' */
/** @import { Colours } from '../../page/theme.js' */
/** @import { LabView, Past, Reading, Scene } from '../plot.js' */
/** @typedef {Scene & {run: Run}} Shown */

const BLUE = '#0072b2';
const WHITE = '#ffffff';
const ORANGE = '#d55e00';
const CLASSES = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#f0e442', '#7f7f7f', '#8c564b', '#332288'];
const MARKS = { val: 'circle-open', train: 'circle' };

/** @param {Grid} matrix @param {boolean} winner @returns {number[][]} rows of the first output, or of the class that wins */
function rowsOf({ shape, values }, winner) {
  const [outputs, rows, columns] = shape;
  return Array.from({ length: rows }, (_row, i) =>
    Array.from({ length: columns }, (_cell, j) => {
      if (!winner) return values[i * columns + j];
      let best = 0;
      for (let k = 1; k < outputs; k++) if (values[(k * rows + i) * columns + j] > values[(best * rows + i) * columns + j]) best = k;
      return best;
    }),
  );
}

/** @param {[number, number]} span @param {number} n */
const along = ([low, high], n) => Array.from({ length: n }, (_v, i) => low + ((high - low) * i) / (n - 1));

/** Examples by class and split; a replaced label bears a ring. @param {Run} run @param {Table} points @param {Colours} colour @param {boolean} regression */
function pointTraces(run, points, colour, regression) {
  const { shape: [n, width], values, meta } = points;
  const at = (/** @type {number} */ i, /** @type {string} */ name) => values[i * width + meta.columns.indexOf(name)];
  /** @type {Map<string, {x: number[], y: number[]}>} */
  const groups = new Map();
  for (let i = 0; i < n; i++) {
    const key = `${regression ? 0 : at(i, 'y')}/${at(i, 'split') ? 'val' : 'train'}/${at(i, 'changed')}`;
    const group = groups.get(key) ?? { x: [], y: [] };
    groups.set(key, group);
    group.x.push(at(i, 'x0'));
    group.y.push(at(i, regression ? 'y' : 'x1'));
  }
  return [...groups].sort().reverse().map(([key, group]) => {
    const [klass, split, changed] = key.split('/');
    const tone = regression ? colour.muted : CLASSES[Number(klass) % CLASSES.length];
    const marker = {
      symbol: split === 'val' ? MARKS.val : MARKS.train, size: split === 'val' ? 4 : 7, color: tone, opacity: split === 'val' ? 0.35 : 1,
      line: { color: changed === '1' ? colour.ink : split === 'val' ? tone : WHITE, width: changed === '1' ? 2.5 : 1 },
    };
    return trace(run, `points/${key}`, group, {}, { mode: 'markers', marker });
  });
}

/** @param {Shown} scene @param {Grid} matrix @param {Table} [points] */
function plane(scene, matrix, points) {
  const { run, colour } = scene;
  const { axes, kind, classes } = matrix.meta;
  const [, rows, columns] = matrix.shape;
  const [x, y] = [along(axes[0], columns), along(axes[1], rows)];
  const two = classes === 2;
  const z = rowsOf(matrix, kind === 'boundary' && !two);
  const meta = { run: run.id, series: 'function', step: matrix.step, previous: false };
  const steps = CLASSES.slice(0, Math.max(2, classes)).flatMap((tone, i, all) => [[i / all.length, tone], [(i + 1) / all.length, tone]]);
  const scale = two ? [[0, BLUE], [0.5, WHITE], [1, ORANGE]] : kind === 'boundary' ? steps : 'Cividis';
  /** @type {PlotlyTrace[]} */
  const data = [
    {
      type: 'heatmap', x, y, z, colorscale: scale, showscale: false, hoverinfo: 'skip', zsmooth: two ? 'fast' : false, opacity: two ? 0.6 : 0.4, meta,
      ...(kind === 'boundary' ? { zmin: two ? 0 : -0.5, zmax: two ? 1 : classes - 0.5 } : {}),
    },
  ];
  if (two) {
    const contours = { start: 0.5, end: 0.5, size: 1, coloring: 'none' };
    data.push({ type: 'contour', x, y, z, contours, showscale: false, hoverinfo: 'skip', line: { color: colour.ink, width: 2 }, meta: { ...meta, series: 'function/half' } });
  }
  if (points) data.push(...pointTraces(run, points, colour, false));
  return draw(scene, data, {
    xaxis: { title: 'x₁', range: axes[0], uirevision: 'plane', fixedrange: true }, yaxis: axis(colour, { title: 'x₂', range: axes[1] }),
  });
}

/** @param {Shown} scene @param {Grid} matrix @param {Table} [points] */
function curve(scene, matrix, points) {
  const { run, colour } = scene;
  const { axes } = matrix.meta;
  const fit = { x: along(axes[0], matrix.shape[2]), y: Array.from(matrix.values) };
  const data = points ? pointTraces(run, points, colour, true) : [];
  data.push(trace(run, 'function', fit, { color: colour['series-a'], width: 2.5 }, { meta: { run: run.id, series: 'function', step: matrix.step, previous: false } }));
  const shownValues = finite(points ? data.slice(0, -1).flatMap((t) => t.y) : fit.y);
  const [low, high] = [Math.min(...shownValues), Math.max(...shownValues)];
  const margin = 0.15 * (high - low || 1);
  return draw(scene, data, { xaxis: { title: 'x', range: axes[0], uirevision: 'curve', fixedrange: true }, yaxis: axis(colour, { title: 'y', range: [low - margin, high + margin] }) });
}

/** Units as tiles, each scaled by the largest weight of all: blue negative, white zero, orange positive. @param {Shown} scene @param {Weights} matrix */
function pictures(scene, matrix) {
  const { run, colour } = scene;
  const [units, inputs] = matrix.shape;
  const [height, width] = matrix.meta.image ?? [1, inputs];
  const across = matrix.meta.image ? Math.ceil(Math.sqrt(units * 2)) : 1;
  const down = Math.ceil(units / across);
  const gap = matrix.meta.image ? 1 : 0;
  /** @type {(number | null)[][]} */
  const z = Array.from({ length: down * (height + gap) }, () => Array(across * (width + gap)).fill(null));
  let most = 1e-12;
  for (const w of matrix.values) if (Number.isFinite(w)) most = Math.max(most, Math.abs(w));
  for (let unit = 0; unit < units; unit++) {
    const [top, left] = [Math.floor(unit / across) * (height + gap), (unit % across) * (width + gap)];
    for (let i = 0; i < inputs; i++) z[top + Math.floor(i / width)][left + (i % width)] = matrix.values[unit * inputs + i] / most;
  }
  /** @type {PlotlyTrace} */
  const heat = {
    type: 'heatmap', z, zmin: -1, zmax: 1, colorscale: [[0, BLUE], [0.5, WHITE], [1, ORANGE]], showscale: false, hoverinfo: 'skip', connectgaps: false,
    meta: { run: run.id, series: 'weights', step: matrix.step, largest: most, units, previous: false },
  };
  const hidden = { visible: false, showgrid: false, fixedrange: true };
  return draw(scene, [heat], {
    margin: { l: 12, r: 12, t: 6, b: 8, pad: 0 }, xaxis: { ...hidden, range: [-0.5, z[0].length - 0.5], uirevision: 'weights' },
    yaxis: axis(colour, { ...hidden, range: [z.length - 0.5, -0.5] }),
  });
}

/** @param {Past} past @returns {past is Fitted} */
const isFitted = (past) => past.meta.kind !== undefined && past.meta.kind !== 'classes' && past.meta.kind !== 'visits';

/** What was fitted at the cursor's step where that was asked for, else the newest. @param {Run | undefined} run @param {Past | null} past */
const fittedOf = (run, past) => (past && isFitted(past) ? past : (run?.matrices.get('function') ?? run?.matrices.get('weights')));

/** @param {Grid | Weights} matrix @returns {matrix is Weights} */
const isWeights = (matrix) => matrix.meta.kind === 'weights';

/** @param {Scene} scene */
function drawFitted(scene) {
  const { run } = scene;
  const matrix = fittedOf(run, scene.past);
  if (!matrix || !run) return draw({ ...scene, flags: [], diverged: null }, [], { xaxis: { visible: false }, yaxis: axis(scene.colour, { visible: false, range: [0, 1] }) });
  const still = { ...scene, run, flags: [], diverged: null };
  const points = run.matrices.get('points');
  if (isWeights(matrix)) return pictures(still, matrix);
  return matrix.meta.kind === 'curve' ? curve(still, matrix, points) : plane(still, matrix, points);
}

/** What the figure asks, by what it shows. @param {Run | undefined} run @param {Past | null} past */
function questionOf(run, past) {
  const kind = fittedOf(run, past)?.meta.kind ?? '';
  /** @type {Record<string, string>} */
  const questions = { boundary: _('Where is the boundary?'), curve: _('Which curve has it fitted?'), weights: _('What do the first units look for?') };
  return questions[kind] ?? _('What has it fitted?');
}

/** @param {Run} run @param {number | null} _step @param {Colours} colour @param {string | null} _layer @param {Past | null} past @returns {Reading[]} */
function read(run, _step, colour, _layer, past) {
  const matrix = fittedOf(run, past);
  if (!matrix) return [];
  const at = { name: _('at step'), value: String(matrix.step), step: matrix.step };
  if (!isWeights(matrix)) {
    const points = run.matrices.get('points');
    const changed = points ? countOf(points, 'changed') : 0;
    const rows = [at, { name: _('filled: training, rings: validation'), value: '', colour: colour.muted }];
    return changed ? [...rows, { name: _('dark rim: label replaced'), value: String(changed) }] : rows;
  }
  let most = 0;
  for (const w of matrix.values) most = Math.max(most, Math.abs(w));
  return [at, { name: _('units'), value: String(matrix.shape[0]) }, { name: _('largest |w|'), value: shown(most) }];
}

/** @param {Table} table @param {string} name of a column */
function countOf({ shape: [n, width], values, meta }, name) {
  const column = meta.columns.indexOf(name);
  let count = 0;
  for (let i = 0; i < n; i++) count += values[i * width + column];
  return count;
}

/** @type {LabView} */
export default {
  name: 'fitted', order: 1, label: () => _('Function'), question: questionOf, draw: drawFitted, read, still: true,
  matrices: ['function', 'weights', 'points'], past: (ask) => ask.function().then((told) => told.function),
};
