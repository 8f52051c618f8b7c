import assert from 'node:assert/strict';
import test from 'node:test';

import { Runs, put } from '../../../static/js/data/runs.js';

const record = (more = {}) => ({ id: 'a', status: 'running', end_reason: null, spec: { penalty: { l2: 0 }, pace: null }, layers: [], step: null, attempt: 1, seq: 5, ...more });

/** Runs that hold `a`, and what they said of it. */
function opened(events = []) {
  const said = [];
  const runs = new Runs((run, what) => said.push(`${run.id} ${what}`));
  const run = runs.open('a');
  runs.take({ type: 'snapshot', run: record(), events });
  said.length = 0;
  return { runs, run, said };
}

/** A frame whose places are the arrays themselves. */
const frame = (runs, header) => runs.takeFrame({ run: 'a', attempt: 1, seq: 6, ...header }, (array) => array);
const scalars = (name, steps, values) => ({ type: 'scalars', series: [{ name, width: 1, columns: { step: Float64Array.from(steps), value: Float64Array.from(values) } }] });

test('put makes the way to a path', () => {
  const spec = { stop: {} };
  put(spec, 'stop.early.patience', 3);
  put(spec, 'pace', 10);
  assert.deepEqual(spec, { stop: { early: { patience: 3 } }, pace: 10 });
});

test('a run that nobody opened is not held', () => {
  const { runs } = opened();
  runs.take({ type: 'snapshot', run: record({ id: 'b' }), events: [] });
  runs.takeFrame({ run: 'b', attempt: 1, seq: 1, ...scalars('train/loss', [0], [1]) }, (array) => array);
  assert.equal(runs.get('b'), undefined);
});

test('the spec as it stands has every live change that was taken, and what it began with stays', () => {
  const change = (data) => ({ kind: 'control', step: 1, time: 0, data: { action: 'set', ...data } });
  const { run } = opened([change({ changes: { 'penalty.l2': 0.1 } }), change({ changes: { pace: 7 }, error: 'too late' }), { kind: 'resumed', step: 2, time: 0, data: { changes: { 'penalty.l2': 0.3 } } }]);
  assert.deepEqual(run.spec, { penalty: { l2: 0.3 }, pace: null });
  assert.deepEqual(run.record.spec, { penalty: { l2: 0 }, pace: null });
});

test('frames become series and tell what has changed', () => {
  const { runs, run, said } = opened();
  frame(runs, scalars('train/loss', [0, 1, 2], [3, 2, 1]));
  frame(runs, scalars('layer/fc1/activation/std', [0], [1]));
  assert.deepEqual(said, ['a scalars', 'a layers']);
  assert.equal(run.series.get('train/loss').latest, 1);
  assert.equal(run.step, 3, 'so many updates were made');
});

test('a matrix is copied out of its frame, a histogram added to its track', () => {
  const { runs, run, said } = opened();
  const values = Float32Array.of(1, 2);
  frame(runs, { type: 'matrix', name: 'weights', step: 4, shape: [1, 2], meta: { kind: 'weights' }, values });
  values[0] = 9;
  assert.deepEqual([...run.matrices.get('weights').values], [1, 2]);
  const arrays = { first: Float64Array.of(0), last: Float64Array.of(0), offsets: Uint32Array.of(0, 2), bins: Uint16Array.of(3, 5), counts: Uint32Array.of(7, 8) };
  frame(runs, { type: 'histograms', kind: 'activation', layer: 'fc1', arrays });
  frame(runs, { type: 'histograms', kind: 'activation', layer: 'fc1', arrays: { ...arrays, first: Float64Array.of(1), last: Float64Array.of(1) } });
  assert.deepEqual(run.tracks.get('activation/fc1').columns.map(({ first }) => first), [0, 1]);
  assert.deepEqual(said, ['a matrices', 'a histograms', 'a histograms']);
});

test('what is held goes on from the newest message, of whichever attempt', () => {
  const { runs, run } = opened();
  const at = () => [run.attempt, run.seq];
  frame(runs, { ...scalars('x', [0], [0]), seq: 9 });
  frame(runs, { ...scalars('x', [1], [0]), seq: 7 });
  assert.deepEqual(at(), [1, 9]);
  runs.take({ type: 'event', run: 'a', attempt: 2, seq: 1, event: { kind: 'started', step: 0, time: 0, data: { layers: [{ name: 'fc1', kind: 'linear' }] } } });
  assert.deepEqual(at(), [2, 1]);
  assert.equal(run.record.layers[0].name, 'fc1');
});

test('a status that ends a run says at which step, and a resync forgets what was held', () => {
  const { runs, run } = opened();
  frame(runs, scalars('train/loss', [0, 1], [1, 1]));
  runs.take({ type: 'event', run: 'a', attempt: 1, seq: 8, event: { kind: 'status', step: 2, time: 0, data: { status: 'finished', end_reason: null } } });
  assert.deepEqual([run.active, run.step], [false, 2]);
  runs.take({ type: 'resync', run: 'a' });
  assert.deepEqual([run.series.size, run.events.length, run.seq], [0, 0, 0]);
});

test('events are bounded, the newest kept', () => {
  const { runs, run } = opened();
  for (let step = 0; step < 2100; step++) runs.take({ type: 'event', run: 'a', attempt: 1, seq: step, event: { kind: 'forked', step, time: 0, data: {} } });
  assert.equal(run.events.length, 2000);
  assert.equal(run.events.at(-1).step, 2099);
});
