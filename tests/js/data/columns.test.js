import assert from 'node:assert/strict';
import test from 'node:test';

import { Series } from '../../../static/js/data/columns.js';
import { forAll, pick, whole } from '../random.js';

const points = (series, pairs) => series.points(Float64Array.from(pairs, ([step]) => step), Float64Array.from(pairs, ([, value]) => value));
const held = (series) => Array.from({ length: series.n }, (_v, i) => ({ step: series.step[i], min: series.min[i], max: series.max[i], last: series.last[i], bad: series.bad[i] }));
const valueOf = (random) => (random() < 0.1 ? pick(random, [NaN, Infinity, -Infinity]) : Math.round(200 * random() - 100));

/** Ascending steps with gaps, and now and then an attempt that goes on from further back. */
function drawn(random, n) {
  const pairs = [];
  let step = 0;
  for (let i = 0; i < n; i++) {
    step = random() < 0.02 ? whole(random, 0, step + 1) : step + whole(random, 1, 4);
    pairs.push([step, valueOf(random)]);
  }
  return pairs;
}

/** The naive twin: a list, of which everything from a step on goes when that step comes again. */
function kept(pairs) {
  let list = [];
  for (const [step, value] of pairs) {
    if (list.length && step <= list.at(-1)[0]) list = list.filter(([before]) => before < step);
    list.push([step, value]);
  }
  return list;
}

test('below its cap a series holds what a list would', () => {
  forAll((random) => {
    const pairs = drawn(random, whole(random, 0, 700));
    const series = new Series();
    for (let i = 0; i < pairs.length; ) {
      const size = whole(random, 1, 90);
      points(series, pairs.slice(i, (i += size)));
    }
    const wanted = kept(pairs).map(([step, value]) => ({ step, min: value, max: value, last: value, bad: Number.isFinite(value) ? 0 : 1 }));
    assert.deepEqual(held(series), wanted);
  });
});

test('a folded series holds, of each stretch of its width, what those points come to', () => {
  forAll((random) => {
    const pairs = Array.from({ length: whole(random, 1, 900) }, (_v, i) => [i + 1, valueOf(random)]);
    const series = new Series(64);
    points(series, pairs);
    assert.ok(series.n <= 64);
    const stretches = Object.values(Object.groupBy(pairs, ([step]) => Math.floor(step / series.width)));
    assert.equal(series.n, stretches.length);
    for (const [i, { step, min, max, last, bad }] of held(series).entries()) {
      const values = stretches[i].map(([, value]) => value);
      const finite = values.filter(Number.isFinite);
      assert.deepEqual([step, last, bad], [stretches[i][0][0], values.at(-1), values.length - finite.length]);
      if (finite.length) assert.deepEqual([min, max], [Math.min(...finite), Math.max(...finite)]);
    }
  }, 100);
});

test('buckets from the server and points after them are one series', () => {
  const series = new Series();
  series.buckets({ step: Float64Array.of(0, 10), min: Float64Array.of(1, 2), max: Float64Array.of(5, 6), last: Float64Array.of(3, 4), nonfinite: Float64Array.of(0, 2) });
  points(series, [[20, 7]]);
  assert.deepEqual(held(series), [{ step: 0, min: 1, max: 5, last: 3, bad: 0 }, { step: 10, min: 2, max: 6, last: 4, bad: 2 }, { step: 20, min: 7, max: 7, last: 7, bad: 0 }]);
});

test('the value at a step is the newest at or before it', () => {
  forAll((random) => {
    const pairs = kept(drawn(random, 40));
    const series = new Series();
    points(series, pairs);
    const step = whole(random, 0, 130);
    const wanted = pairs.findLast(([at]) => at <= step);
    assert.deepEqual(series.at(step), wanted ? { step: wanted[0], value: wanted[1] } : null);
    assert.equal(series.index(step), pairs.filter(([at]) => at < step).length);
  });
});

test('a line of few points has all of them, a gap for each that is not finite', () => {
  const series = new Series();
  points(series, [[1, 5], [2, NaN], [3, 4]]);
  assert.deepEqual(series.line(null), { x: [1, 2, 3], y: [5, null, 4] });
  assert.deepEqual(series.line([3, 9]), { x: [2, 3], y: [null, 4] }, 'one point beyond the edge, so that the line reaches it');
});

test('a thinned line keeps every peak, in order, within its budget', () => {
  forAll((random) => {
    const pairs = Array.from({ length: whole(random, 300, 3000) }, (_v, i) => [i, valueOf(random)]);
    const series = new Series();
    points(series, pairs);
    const budget = whole(random, 10, 60);
    const { x, y } = series.line(null, budget);
    const finite = pairs.map(([, value]) => value).filter(Number.isFinite);
    const shown = y.filter((value) => value !== null);
    assert.equal(Math.min(...shown), Math.min(...finite));
    assert.equal(Math.max(...shown), Math.max(...finite));
    assert.ok(x.length <= 3 * (budget + 2), `${x.length} marks for a budget of ${budget}`);
    assert.ok(x.every((at, i) => i === 0 || at >= x[i - 1]));
    assert.equal(y.includes(null), finite.length < pairs.length);
    for (const [i, at] of x.entries()) if (y[i] !== null) assert.equal(pairs[at][1], y[i]);
  }, 60);
});

test('the smoothed line of a constant is that constant from its first point on', () => {
  const series = new Series();
  points(series, Array.from({ length: 50 }, (_v, i) => [i, 3]));
  assert.ok(series.smooth(null, 0.9).y.every((value) => Math.abs(value - 3) < 1e-12));
});

test('the smoothed line is the debiased exponential mean, and passes over what is not finite', () => {
  const series = new Series();
  const values = [1, 2, NaN, 4];
  points(series, values.map((value, i) => [i, value]));
  const { y } = series.smooth(null, 0.5);
  const mean = (list) => list.reduce((sum, value, i) => sum + value * 0.5 ** (list.length - i), 0) / list.reduce((sum, _value, i) => sum + 0.5 ** (list.length - i), 0);
  assert.equal(y[2], null);
  assert.deepEqual([y[0], y[1], y[3]].map((value) => value.toFixed(12)), [[1], [1, 2], [1, 2, 4]].map((list) => mean(list).toFixed(12)));
});

test('the extent leaves infinities out and knows the least value above zero', () => {
  const series = new Series();
  points(series, [[0, -1], [1, Infinity], [2, 0.25], [3, -Infinity], [4, 8]]);
  assert.deepEqual(series.extent(), { low: -1, high: 8, positive: 0.25 });
});
