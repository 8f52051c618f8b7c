import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';
import { forAll, whole } from '../random.js';

const { linearTicks, scaleOf, tickWord } = await import('../../../static/js/charts/ticks.js');

test('linear ticks lie within the range, at multiples of 1, 2 or 5 times a power of ten', () => {
  forAll((random) => {
    const high = (random() - 0.2) * 10 ** whole(random, -6, 7);
    const low = high - Math.abs(high) * 10 ** (4 * random() - 3);
    const ticks = linearTicks(low, high, whole(random, 2, 7));
    if (ticks.length < 2) return;
    const step = ticks[1] - ticks[0];
    const digit = Number((step / 10 ** Math.floor(Math.log10(step) + 1e-9)).toPrecision(3));
    assert.ok([1, 2, 5].includes(digit), `a step of ${step}`);
    for (const tick of ticks) {
      assert.ok(tick >= low - step * 1e-6 && tick <= high + step * 1e-6);
      assert.ok(Math.abs(tick / step - Math.round(tick / step)) < 1e-6);
    }
  }, 500);
});

test('there are about as many as were wanted', () => {
  forAll((random) => {
    const low = 1000 * random();
    const wanted = whole(random, 2, 7);
    const n = linearTicks(low, low + 1 + 1000 * random(), wanted).length;
    assert.ok(n >= 1 && n <= wanted + 1, `${n} for ${wanted}`);
  });
});

test('a range of nothing has one tick', () => assert.deepEqual(linearTicks(3, 3, 4), [3]));

test('a scale places its ends at 0 and 1, and what is between them in order', () => {
  forAll((random) => {
    const log = random() < 0.5;
    const low = log ? 10 ** (6 * random() - 3) : 100 * random() - 50;
    const high = log ? low * 10 ** (0.1 + 5 * random()) : low + 1 + 100 * random();
    const { place } = scaleOf(low, high, log);
    assert.ok(Math.abs(place(low)) < 1e-9 && Math.abs(place(high) - 1) < 1e-9);
    const [a, b] = [random(), random()].sort((one, other) => one - other).map((share) => low + share * (high - low));
    assert.ok(place(a) <= place(b));
  });
});

test('a log scale has ticks at powers of ten, or else at its ends', () => {
  assert.deepEqual(scaleOf(0.5, 2000, true, 4).ticks, [1, 10, 100, 1000]);
  assert.deepEqual(scaleOf(1e-6, 1, true, 3).ticks, [1e-6, 1e-4, 1e-2, 1]);
  assert.deepEqual(scaleOf(2, 5, true).ticks, [2, 5]);
});

test('words: thousands are short, powers of ten are powers on a log axis alone', () => {
  assert.deepEqual([0, 0.5, 2500, 12000, 12345].map((value) => tickWord(value)), ['0', '0.5', '2500', '12k', '12350']);
  assert.deepEqual([1e-4, 0.01, 100, 1000, 1e12].map((value) => tickWord(value, true)), ['10⁻⁴', '0.01', '100', '10³', '10¹²']);
});
