import assert from 'node:assert/strict';
import test from 'node:test';

import { Track } from '../../../static/js/data/tracks.js';
import { forAll, whole } from '../random.js';

/** Columns as the socket sends them: flat, with the offset of each. */
function append(track, columns) {
  const offsets = [0];
  for (const { bins } of columns) offsets.push(offsets.at(-1) + bins.length);
  track.append(
    Float64Array.from(columns, ({ first }) => first), Float64Array.from(columns, ({ last }) => last), Uint32Array.from(offsets),
    Uint16Array.from(columns.flatMap(({ bins }) => bins)), Uint32Array.from(columns.flatMap(({ counts }) => counts)),
  );
}

/** One column a step, of a few of the bins. */
function columnsOf(random, from, n) {
  return Array.from({ length: n }, (_v, i) => {
    const bins = [...new Set(Array.from({ length: whole(random, 1, 8) }, () => whole(random, 0, 300)))].sort((a, b) => a - b);
    return { first: from + i, last: from + i, bins, counts: bins.map(() => whole(random, 1, 50)) };
  });
}

/** Bin → count over all columns. */
function total(columns) {
  const sum = {};
  for (const { bins, counts } of columns) bins.forEach((bin, i) => (sum[bin] = (sum[bin] ?? 0) + counts[i]));
  return sum;
}

const plain = (columns) => columns.map(({ first, last, bins, counts }) => ({ first, last, bins: [...bins], counts: [...counts] }));

test('columns are held as they come, however they are cut into frames', () => {
  forAll((random) => {
    const columns = columnsOf(random, 0, whole(random, 1, 60));
    const track = new Track();
    for (let i = 0; i < columns.length; ) {
      const size = whole(random, 1, 9);
      append(track, columns.slice(i, (i += size)));
    }
    assert.deepEqual(plain(track.columns), columns);
  });
});

test('a column whose step is held already replaces that one and those after it', () => {
  forAll((random) => {
    const before = columnsOf(random, 0, 20);
    const from = whole(random, 0, 20);
    const after = columnsOf(random, from, 5);
    const track = new Track();
    append(track, before);
    append(track, after);
    assert.deepEqual(plain(track.columns), [...before.slice(0, from), ...after]);
  });
});

test('thinning adds neighbours up: no count is lost, steps stay covered and bins ascend', () => {
  forAll((random) => {
    const columns = columnsOf(random, 0, whole(random, 1, 200));
    const budget = whole(random, 1, 40);
    const track = new Track();
    append(track, columns);
    const thinned = track.thinned(budget, null);
    assert.ok(thinned.length <= budget);
    assert.deepEqual(total(thinned), total(columns));
    assert.equal(thinned[0].first, 0);
    assert.equal(thinned.at(-1).last, columns.length - 1);
    for (const [i, { first, bins }] of thinned.entries()) {
      if (i) assert.equal(first, thinned[i - 1].last + 1);
      assert.ok(bins.every((bin, k) => k === 0 || bin > bins[k - 1]));
    }
    assert.deepEqual(plain(track.columns), columns, 'what is held stays as it is');
  });
});

test('of a range those columns are drawn that reach into it', () => {
  const track = new Track();
  append(track, [0, 10, 20, 30].map((first) => ({ first, last: first + 9, bins: [1], counts: [1] })));
  assert.deepEqual(track.thinned(9, [15, 20]).map(({ first }) => first), [10, 20]);
});

test('a full track halves itself and loses no count', () => {
  const track = new Track();
  const columns = Array.from({ length: 3000 }, (_v, first) => ({ first, last: first, bins: [first % 5], counts: [1] }));
  append(track, columns);
  assert.equal(track.columns.length, 1500);
  assert.deepEqual(total(track.columns), { 0: 600, 1: 600, 2: 600, 3: 600, 4: 600 });
});
