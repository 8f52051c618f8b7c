import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';
import { forAll } from '../random.js';

const { look, position, valueAt } = await import('../../../static/js/form/controls.js');

const SCALES = [
  { low: '0.000001', high: '1', scale: 'log', zero: '' }, { low: '1', high: '512', scale: 'log', integer: '' }, { low: '0', high: '0.5', scale: 'linear' }, { low: '1', high: '50', scale: 'linear', integer: '' },
];

test('a slider that is put where a value belongs says that value, to two digits', () => {
  forAll((random) => {
    for (const scale of SCALES) {
      const value = valueAt(100 * random(), scale);
      assert.equal(valueAt(position(value, scale), scale), value);
    }
  });
});

test('a slider runs from its low end to its high one, in order', () => {
  for (const scale of SCALES) {
    const values = Array.from({ length: 101 }, (_v, place) => valueAt(place, scale));
    assert.equal(values[0], scale.zero === undefined ? Number(scale.low) : 0);
    assert.equal(values[100], Number(scale.scale === 'log' && scale.high === '512' ? 510 : scale.high), 'two digits');
    assert.ok(values.every((value, i) => i === 0 || value >= values[i - 1]));
  }
});

test('a true zero has the left end for itself', () => {
  assert.equal(position(0, SCALES[0]), 0);
  assert.equal(valueAt(3.9, SCALES[0]), 0);
  assert.equal(valueAt(4, SCALES[0]), 1e-6);
});

test('a value beyond its slider stands at the end', () => {
  assert.equal(position(99, SCALES[0]), 100);
  assert.equal(position(-1, SCALES[2]), 0);
});

test('a dotted path leads to a value, or to nothing', () => {
  const spec = { stop: { early: null, max_epochs: 20 } };
  assert.deepEqual(['stop.max_epochs', 'stop.early', 'stop.early.patience', 'data.name'].map((path) => look(spec, path)), [20, null, undefined, undefined]);
});
