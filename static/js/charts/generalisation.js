/** Training and validation on equal terms: the loss of each class, and how often each example was trained on. */

import { _, integer, shown } from '../page/texts.js';
import { finite } from './house.js';
import { axis, draw, roof } from './plot.js';

/** @import { Cell, Table, Visits } from '../data/wire.d.ts' */
/** @import { Run } from '../data/runs.js' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Chart, Past, Reading, Scene } from './plot.js' */

const SETS = /** @type {const} */ (['train', 'val', 'test']);

/** @param {Past | null} past @returns {past is Table} */
const isClasses = (past) => past?.meta.kind === 'classes';

/** @param {Past | null} past @returns {past is Visits} */
const isVisits = (past) => past?.meta.kind === 'visits';

/** @param {Run | undefined} run @param {Past | null} past */
const classesOf = (run, past) => (isClasses(past) ? past : run?.matrices.get('classes'));

/** @param {Run | undefined} run @param {Past | null} past */
const visitsOf = (run, past) => (isVisits(past) ? past : run?.matrices.get('visits'));

/** @param {Scene} scene */
const empty = (scene) => draw(scene, [], { xaxis: { visible: false }, yaxis: axis(scene.colour, { visible: false, range: [0, 1] }) });

/** @param {Scene} scene */
const still = (scene) => ({ ...scene, flags: [], diverged: null });

/** @param {Table} matrix @param {string} name of a column @returns {Cell[]} */
function column({ shape: [rows, width], values, meta }, name) {
  const at = meta.columns.indexOf(name);
  return Array.from({ length: rows }, (_row, i) => (Number.isFinite(values[i * width + at]) ? values[i * width + at] : null));
}

/** @param {Run} run @param {string} series @param {number[]} x @param {Cell[]} y @param {number} step @param {object} more @returns {PlotlyTrace} */
function bars(run, series, x, y, step, more) {
  return { type: 'bar', x, y, name: series, hoverinfo: 'skip', meta: { run: run.id, series, step, previous: false }, ...more };
}

/** @param {Scene} scene */
function drawClasses(scene) {
  const { run, colour } = scene;
  const matrix = classesOf(run, scene.past);
  if (!matrix || !run) return empty(still(scene));
  const x = Array.from({ length: matrix.shape[0] }, (_v, i) => i);
  const [train, val] = [column(matrix, 'train/loss'), column(matrix, 'val/loss')];
  const data = [
    bars(run, 'class/train', x, train, matrix.step, { marker: { color: colour['series-a'], opacity: 0.45 } }),
    bars(run, 'class/val', x, val, matrix.step, { marker: { color: colour['series-b'] } }),
  ];
  const top = roof(Math.max(1e-6, ...finite(train), ...finite(val)));
  return draw(still(scene), data, {
    barmode: 'group', bargap: 0.25, xaxis: { title: _('class'), range: [-0.6, x.length - 0.4], uirevision: 'classes', fixedrange: true, ...(x.length <= 20 ? { tickmode: 'linear', tick0: 0, dtick: 1 } : { tickmode: 'auto' }), zeroline: false },
    yaxis: axis(colour, { title: _('loss'), range: [0, top] }),
  });
}

/** @param {Run} run @param {number | null} _step @param {Colours} colour @param {string | null} _layer @param {Past | null} past @returns {Reading[]} */
function readClasses(run, _step, colour, _layer, past) {
  const matrix = classesOf(run, past);
  if (!matrix) return [];
  const val = column(matrix, 'val/loss');
  const right = column(matrix, 'val/accuracy');
  const worst = val.indexOf(Math.max(...finite(val)));
  return [
    { name: _('at step'), value: integer(matrix.step), step: matrix.step },
    { name: _('training'), value: shown(column(matrix, 'train/loss')[worst]), colour: colour['series-a'] },
    { name: _('validation'), value: shown(val[worst]), colour: colour['series-b'] },
    { name: _('hardest class'), long: _('The class of the largest validation loss, and how much of it is right'), value: worst < 0 ? '–' : `${worst} · ${Math.round(100 * (right[worst] ?? 0))} %` },
  ];
}

/** @param {Visits} matrix @returns {Map<number, number>} visits → examples */
function tally({ values }) {
  /** @type {Map<number, number>} */
  const found = new Map();
  for (const count of values) found.set(count, (found.get(count) ?? 0) + 1);
  return new Map([...found].sort((a, b) => a[0] - b[0]));
}

/** @param {Scene} scene */
function drawVisits(scene) {
  const { run, colour } = scene;
  const matrix = visitsOf(run, scene.past);
  if (!matrix || !run) return empty(still(scene));
  const { train, val, test } = matrix.meta;
  const found = tally(matrix);
  const width = Math.max(0.8, train.most / 40);
  const data = [
    bars(run, 'visits/train', [...found.keys()], [...found.values()], matrix.step, { width, marker: { color: colour['series-a'] } }),
    bars(run, 'visits/val', [0], [val.examples], matrix.step, { width, marker: { color: colour['series-b'] } }),
    bars(run, 'visits/test', [0], [test.examples], matrix.step, { width, marker: { color: colour['series-c'] } }),
  ];
  const top = Math.max(val.examples + test.examples + (found.get(0) ?? 0), ...found.values());
  return draw(still(scene), data, {
    barmode: 'stack', xaxis: { title: _('times trained on'), range: [-width, Math.max(4, train.most) + width], uirevision: `visits${train.most}`, fixedrange: true },
    yaxis: axis(colour, { title: _('examples'), range: [0, roof(top)] }),
  });
}

/** @param {Run} run @param {number | null} _step @param {Colours} colour @param {string | null} _layer @param {Past | null} past @returns {Reading[]} */
function readVisits(run, _step, colour, _layer, past) {
  const matrix = visitsOf(run, past);
  if (!matrix) return [];
  const names = { train: _('training'), val: _('validation'), test: _('test') };
  const tones = { train: 'series-a', val: 'series-b', test: 'series-c' };
  const times = (/** @type {{least: number, most: number}} */ { least, most }) => (least === most ? integer(least) : `${integer(least)}–${integer(most)}`);
  return [
    { name: _('at step'), value: integer(matrix.step), step: matrix.step },
    ...SETS.map((set) => ({ name: names[set], value: `${times(matrix.meta[set])} ×`, colour: colour[tones[set]] })),
  ];
}

/** @param {Run | undefined} run */
const noteClasses = (run) => (run?.record.spec && !run.matrices.get('classes') && (run.step ?? 0) > 0 ? _('A regression has no classes.') : '');

/** @type {Chart} */
export const classes = { draw: drawClasses, read: readClasses, note: noteClasses, still: true };
/** @type {Chart} */
export const visits = { draw: drawVisits, read: readVisits, still: true };
