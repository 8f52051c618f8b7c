import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';

const { drawnFlags, flagsOf } = await import('../../../static/js/charts/flags.js');

const set = (step, time, changes, more = {}) => ({ kind: 'control', step, time, data: { action: 'set', changes, ...more } });
const title = (path) => path.split('.').at(-1);
const of = (...events) => flagsOf({ events }, title);

test('a change is a flag with its value; a pace and a refused one are none', () => {
  assert.deepEqual(of(set(5, 0, { 'optimizer.params.lr': 0.01 })), [{ step: 5, text: 'lr 0.01' }]);
  assert.deepEqual(of(set(5, 0, { pace: 10 }), set(6, 9, { 'penalty.l2': 1 }, { error: 'too late' })), []);
});

test('a drag is its beginning and its end, the end with its words', () => {
  const drag = [0, 1, 2, 3].map((i) => set(i, i, { 'penalty.l1': i }));
  assert.deepEqual(of(...drag), [{ step: 0, text: '' }, { step: 3, text: 'l1 3' }]);
  assert.equal(of(drag[0], set(9, 60, { 'penalty.l1': 5 })).length, 2, 'a minute later it is another change');
  assert.equal(of(drag[0], set(1, 1, { 'penalty.l2': 5 })).filter(({ text }) => text).length, 2, 'so is another setting');
});

test('what else happened is told too', () => {
  const other = (kind, data = {}) => ({ kind, step: 1, time: 0, data });
  const texts = of(other('early_stop', { best_step: 0 }), other('early_stop', { best_step: 0, obeyed: false }), other('probe_failed', { probe: 'dead' }), other('forked'), other('resumed'), other('status', { status: 'finished' }));
  assert.deepEqual(texts.map(({ text }) => text), ['early', 'early stopping would end here', 'measurement dead failed, left out', 'forked here', 'resumed here']);
  assert.deepEqual(flagsOf(undefined, title), []);
});

test('of many flags the newest five are labelled, and Plotly reads no markup in them', () => {
  const flags = Array.from({ length: 8 }, (_v, step) => ({ step, text: `<b>${step}</b> & more` }));
  const { shapes, annotations } = drawnFlags(flags, 9, {}, [0, 10]);
  assert.equal(shapes.length, 9, 'one a flag and one where it diverged');
  assert.deepEqual(annotations.map(({ text }) => text), [3, 4, 5, 6, 7].map((step) => `⚑ &lt;b>${step}&lt;/b> &amp; more`));
  assert.equal(drawnFlags(flags, null, {}, [4, 5]).shapes.length, 2, 'those that lie in the range');
});
