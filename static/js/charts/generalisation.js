/** Training and validation on equal terms: the loss of each class, and how often each example was trained on. */

import { _, integer, shown } from '../page/texts.js';
import { axis, draw, roof } from './plot.js';

const SETS = ['train', 'val', 'test'];

const held = (run, past, name) => (past?.meta.kind === name ? past : run?.matrices.get(name));

const empty = (scene) => draw(scene, [], { xaxis: { visible: false }, yaxis: axis(scene.colour, { visible: false, range: [0, 1] }) });

const still = (scene) => ({ ...scene, flags: [], diverged: null });

/** @param {any} matrix @param {string} name of a column @returns {(number | null)[]} */
function column({ shape: [rows, width], values, meta }, name) {
  const at = meta.columns.indexOf(name);
  return Array.from({ length: rows }, (_row, i) => (Number.isFinite(values[i * width + at]) ? values[i * width + at] : null));
}

function bars(run, series, x, y, step, more) {
  return { type: 'bar', x, y, name: series, hoverinfo: 'skip', meta: { run: run.id, series, step, previous: false }, ...more };
}

/** @param {import('./plot.js').Scene & {past: any}} scene */
function drawClasses(scene) {
  const { run, colour } = scene;
  const matrix = held(run, scene.past, 'classes');
  if (!matrix) return empty(still(scene));
  const x = Array.from({ length: matrix.shape[0] }, (_v, i) => i);
  const [train, val] = [column(matrix, 'train/loss'), column(matrix, 'val/loss')];
  const data = [
    bars(run, 'class/train', x, train, matrix.step, { marker: { color: colour['series-a'], opacity: 0.45 } }),
    bars(run, 'class/val', x, val, matrix.step, { marker: { color: colour['series-b'] } }),
  ];
  const top = roof(Math.max(1e-6, ...train, ...val));
  return draw(still(scene), data, {
    barmode: 'group', bargap: 0.25, xaxis: { title: _('class'), range: [-0.6, x.length - 0.4], uirevision: 'classes', fixedrange: true, ...(x.length <= 20 ? { tickmode: 'linear', tick0: 0, dtick: 1 } : { tickmode: 'auto' }), zeroline: false },
    yaxis: axis(colour, { title: _('loss'), range: [0, top] }),
  });
}

function readClasses(run, _step, colour, _layer, past) {
  const matrix = held(run, past, 'classes');
  if (!matrix) return [];
  const val = column(matrix, 'val/loss');
  const right = column(matrix, 'val/accuracy');
  const worst = val.indexOf(Math.max(...val.filter((v) => v !== null)));
  return [
    { name: _('at step'), value: integer(matrix.step), step: matrix.step },
    { name: _('training'), value: shown(column(matrix, 'train/loss')[worst]), colour: colour['series-a'] },
    { name: _('validation'), value: shown(val[worst]), colour: colour['series-b'] },
    { name: _('hardest class'), long: _('The class of the largest validation loss, and how much of it is right'), value: worst < 0 ? '–' : `${worst} · ${Math.round(100 * right[worst])} %` },
  ];
}

/** @param {any} matrix of visits @returns {Map<number, number>} visits → examples */
function tally({ values }) {
  const found = new Map();
  for (const count of values) found.set(count, (found.get(count) ?? 0) + 1);
  return new Map([...found].sort((a, b) => a[0] - b[0]));
}

/** @param {import('./plot.js').Scene & {past: any}} scene */
function drawVisits(scene) {
  const { run, colour } = scene;
  const matrix = held(run, scene.past, 'visits');
  if (!matrix) return empty(still(scene));
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

function readVisits(run, _step, colour, _layer, past) {
  const matrix = held(run, past, 'visits');
  if (!matrix) return [];
  const names = { train: _('training'), val: _('validation'), test: _('test') };
  const tones = { train: 'series-a', val: 'series-b', test: 'series-c' };
  const times = ({ least, most }) => (least === most ? integer(least) : `${integer(least)}–${integer(most)}`);
  return [
    { name: _('at step'), value: integer(matrix.step), step: matrix.step },
    ...SETS.map((set) => ({ name: names[set], value: `${times(matrix.meta[set])} ×`, colour: colour[tones[set]] })),
  ];
}

const noteClasses = (run) => (run?.record.spec && !run.matrices.get('classes') && run.step > 0 ? _('A regression has no classes.') : '');

export const classes = {
  draw: drawClasses, read: readClasses, note: noteClasses, still: true, matrices: ['classes'], question: () => _('Which classes are hard?'),
};
export const visits = {
  draw: drawVisits, read: readVisits, still: true, matrices: ['visits'], question: () => _('How often was each example trained on?'),
};
