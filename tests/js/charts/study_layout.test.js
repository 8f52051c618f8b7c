import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';
import { forAll, whole } from '../random.js';

const { axisTitle, cellAt, labelAt, layoutOf, linesOf, reasonOf } = await import('../../../static/js/charts/study_layout.js');

/** A study of all combinations, the last axis running fastest. */
function studyOf(axes) {
  const combined = axes.reduce((rows, { path, values }) => rows.flatMap((row) => values.map((value) => ({ ...row, [path]: value }))), [{}]);
  return { axes, cells: combined.map((values, index) => ({ index, values, refused: null, runs: [] })) };
}

const DEPTH = { path: 'model.params.depth', values: [2, 4, 8] };
const NORM = { path: 'norm.name', values: ['none', 'batch'] };
const CLIP = { path: 'optimizer.clip_norm', values: [null, 1] };

test('no axis: one cell; one axis: to the right; two: the first one down', () => {
  const none = layoutOf(studyOf([]), []);
  assert.deepEqual([none.rows, none.columns, none.at(0, 0).index], [null, null, 0]);
  const one = layoutOf(studyOf([DEPTH]), []);
  assert.deepEqual([one.rows, one.columns], [null, DEPTH]);
  assert.deepEqual(one.at(0, 2).values, { 'model.params.depth': 8 });
  const two = layoutOf(studyOf([DEPTH, NORM]), []);
  assert.deepEqual([two.rows, two.columns], [DEPTH, NORM]);
  assert.deepEqual(two.at(1, 0).values, { 'model.params.depth': 4, 'norm.name': 'none' });
});

test('every cell stands in exactly one place of one choice of the held values', () => {
  forAll((random) => {
    const axes = Array.from({ length: whole(random, 0, 5) }, (_v, i) => ({ path: `p${i}`, values: Array.from({ length: whole(random, 1, 4) }, (_w, k) => (k ? k : null)) }));
    const study = studyOf(axes);
    const seen = [];
    const visit = (held, rest) => {
      if (rest.length) return rest[0].values.forEach((_value, i) => visit([...held, i], rest.slice(1)));
      const { rows, columns, at } = layoutOf(study, held);
      for (let i = 0; i < (rows?.values.length ?? 1); i++) for (let k = 0; k < (columns?.values.length ?? 1); k++) seen.push(at(i, k).index);
    };
    visit([], axes.slice(2));
    assert.deepEqual(seen.sort((a, b) => a - b), study.cells.map(({ index }) => index));
  }, 60);
});

test('what is held beyond an axis is its last value, and what is not said its first', () => {
  const study = studyOf([DEPTH, NORM, CLIP]);
  assert.deepEqual(layoutOf(study, [9]).others, [{ axis: CLIP, index: 1 }]);
  assert.equal(layoutOf(study, []).at(0, 0).values['optimizer.clip_norm'], null);
});

test('a cell is found by values that are parts, and by null', () => {
  const parts = [{ name: 'adam', params: { lr: 0.1 } }, { name: 'adam', params: { lr: 1 } }];
  const study = studyOf([{ path: 'optimizer', values: parts }, CLIP]);
  assert.equal(cellAt(study, { optimizer: structuredClone(parts[1]), 'optimizer.clip_norm': null }).index, 2);
  assert.equal(cellAt(study, { optimizer: { name: 'sgd', params: {} } }), undefined);
});

test('axes and values are called what people call them', () => {
  assert.equal(axisTitle(DEPTH), 'Depth');
  assert.deepEqual([labelAt(NORM, 0), labelAt(NORM, 1), labelAt(CLIP, 0), labelAt(DEPTH, 2)], ['no', 'Batch', 'none', '8']);
});

test('a refused cell says why, with the names of its fields', () => {
  assert.equal(reasonOf({ refused: [{ loc: 'model.params.depth', msg: 'too deep' }, { loc: '', msg: 'no memory' }] }), 'Depth: too deep · no memory');
  assert.equal(reasonOf({ refused: [] }), 'It was refused.');
});

test('lines run along one axis, a line for each combination of the others', () => {
  const { cells } = studyOf([DEPTH, NORM]);
  const lines = linesOf(cells, 'model.params.depth');
  assert.deepEqual(lines.map(({ values }) => values), [{ 'norm.name': 'none' }, { 'norm.name': 'batch' }]);
  for (const { cells: along } of lines) assert.deepEqual(along.map(({ values }) => values['model.params.depth']), DEPTH.values);
});
