/** What figures work out before anything is drawn: medians, bands, frames, places on an axis, orders of weights. */

import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';
import { forAll, whole } from '../random.js';

const { medianOf, middle } = await import('../../../static/js/charts/founds.js');
const { bandTrace, finite, seen, veil } = await import('../../../static/js/charts/house.js');
const { heightsOf } = await import('../../../static/js/charts/fits.js');
const { frameOf } = await import('../../../static/js/charts/multiples.js');
const { placesOf } = await import('../../../static/js/charts/over_axis.js');
const { lambdas, ranked } = await import('../../../static/js/charts/path.js');
const { roof, stepsOf } = await import('../../../static/js/charts/plot.js');
const { cividis, inkOn } = await import('../../../static/js/charts/heatmap.js');

test('the middle has as many values above as below', () => {
  forAll((random) => {
    const values = Array.from({ length: whole(random, 1, 20) }, () => whole(random, -9, 10));
    const at = middle(values);
    assert.ok(values.filter((value) => value < at).length <= values.length / 2 && values.filter((value) => value > at).length <= values.length / 2);
  });
  assert.equal(middle([4, 1]), 2.5);
});

test('a median is there where at least half of the seeds have a value', () => {
  const curves = [{ x: [1, 2, 3], y: [1, 2, 3] }, { x: [1, 2], y: [3, null] }, { x: [1], y: [8] }];
  assert.deepEqual(medianOf(curves), { x: [1], y: [3] });
  assert.deepEqual(medianOf(curves.slice(0, 2)), { x: [1, 2, 3], y: [2, 2, 3] });
});

test('a band is one closed line around the columns that have both edges', () => {
  const { x, y } = bandTrace([1, 2, 3], [0, null, 2], [4, 5, 6], 'rgb(1, 2, 3)', {});
  assert.deepEqual([x, y], [[1, 3, 3, 1], [4, 6, 2, 0]]);
  assert.equal(veil('rgb(1, 2, 3)', 0.5), 'rgba(1, 2, 3, 0.5)');
});

test('a log axis has no place for zero and below', () => {
  assert.deepEqual(seen([1, 0, -1, null], true), [1, null, null, null]);
  assert.deepEqual(finite([1, null, undefined, NaN, Infinity, 0]), [1, 0]);
});

test('the steps shown double while a run goes on and end with it', () => {
  assert.deepEqual(stepsOf([]), [0, 64]);
  assert.deepEqual(stepsOf([{ step: 65, active: true }]), [0, 128]);
  assert.deepEqual(stepsOf([{ step: 100, active: false }, { step: null, active: false }]), [0, 100]);
  assert.deepEqual(stepsOf([{ step: 100, active: false }, { step: 10, active: true }]), [0, 128]);
});

test('a roof is never below its value, nor twice as high', () => {
  forAll((random) => {
    const value = 10 ** (16 * random() - 8);
    assert.ok(roof(value) >= value * 0.9998 && roof(value) <= 2 * value);
  });
  assert.deepEqual([roof(0), roof(NaN), roof(10), roof(7)], [1, 1, 10, 10]);
});

test('a frame holds every cell, and is not squeezed by a few values', () => {
  const cell = (mean) => ({ step: mean.map((_value, i) => i), mean, low: mean, high: mean, q10: mean, q90: mean });
  const look = { line: 'mean', band: 'both', log: false };
  const plain = frameOf([cell([1, 2]), cell([3, null, 4])], look);
  assert.deepEqual([plain.x, plain.cut], [[0, 2], false]);
  assert.ok(plain.y[0] <= 0 && plain.y[1] >= 4);
  const spiked = frameOf([cell([...Array(40).fill(1), 1e6])], look);
  assert.ok(spiked.cut && spiked.y[1] < 2);
  assert.deepEqual(frameOf([cell([-1, 0])], { ...look, log: true }).y, [0.1, 1], 'nothing there that a log axis could show');
});

test('an axis by factors is a log one; one with words or a zero is an order', () => {
  const axis = (values) => placesOf({ path: 'model.params.width', values });
  assert.equal(axis([1, 10, 100, 1000]).log, true);
  assert.equal(axis([1, 2, 3, 4]).log, false);
  assert.deepEqual(axis([0, 1, 10, 100, 1000]).x, [0, 1, 2, 3, 4]);
  assert.deepEqual(axis(['relu', 'tanh']).words, ['relu', 'tanh']);
  assert.equal(axis([1, 2, 3]).words, null);
});

test('λ = 0 stands left of the least other one', () => {
  const { x, ticktext, range } = lambdas([0, 0.01, 0.1, 1].map((lambda) => ({ lambda })));
  assert.ok(x[0] > 0 && x[0] < x[1]);
  assert.deepEqual(ticktext, ['0', '0.01', '0.1', '1']);
  assert.ok(range[0] <= Math.log10(x[0]) && range[1] >= 0);
});

test('weights come by how large they ever get', () => {
  assert.deepEqual(ranked([{ weights: [1, -5, 0] }, { weights: null }, { weights: [2, 0, 9] }]), [2, 1, 0]);
  assert.deepEqual(ranked([{ weights: null }]), []);
});

test('fits are seen at the height of the truth, not of the wildest run', () => {
  const [low, high] = heightsOf({ truth: [0, null, 1], points: { x: [], y: [] }, by: [{ mean: [1000] }] });
  assert.ok(low < 0 && low > -2 && high > 1 && high < 3);
  assert.ok(heightsOf({ truth: null, points: { x: [], y: [] }, by: [{ mean: [1000, null] }] })[1] > 1000);
});

test('on every colour of the scale the ink has a contrast of 4.5 to 1', () => {
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  for (let i = 0; i <= 100; i++) {
    const ground = light(cividis(i / 100));
    const contrast = inkOn(cividis(i / 100)) === '#000000' ? (ground + 0.05) / 0.05 : 1.05 / (ground + 0.05);
    assert.ok(contrast >= 4.5, `${contrast} at ${i} %`);
  }
});
