import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';

const { fields } = await import('../../../static/js/form/known.js');
const { numbersOf } = await import('../../../static/js/form/axis.js');
const [depth, clip, batch] = fields;

test('numbers are parted by commas, semicolons or blanks', () => {
  assert.deepEqual(numbersOf(depth, '1, 2;3  4\n5'), { values: [1, 2, 3, 4, 5], error: null });
});

test('a word or none is taken where the field has it', () => {
  assert.deepEqual(numbersOf(batch, '8 full'), { values: [8, 'full'], error: null });
  assert.deepEqual(numbersOf(clip, 'none, 1'), { values: [null, 1], error: null });
  assert.deepEqual(numbersOf(clip, '없음').values, [null]);
  assert.match(numbersOf(depth, 'none').error, /can’t be none/);
});

test('what is wrong is said with the value that is', () => {
  const said = { 'two': /“two” is not a number/, '1.5': /1\.5 is not a whole number/, '0': /0 is below 1/, '65': /65 is above 64/, '2 2': /“2” is there twice/, '': /Give at least one value, for example 4, 8, 16/ };
  for (const [text, error] of Object.entries(said)) assert.match(numbersOf(depth, text).error, error);
  assert.match(numbersOf(depth, Array.from({ length: 101 }, (_v, i) => i).join(' ')).error, /0 is below 1/, 'the first thing that is wrong');
  assert.match(numbersOf(clip, Array.from({ length: 101 }, (_v, i) => i).join(' ')).error, /101 values were given; 100 are allowed/);
});
