import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';
const { _, brief, integer, shown } = await import('../../../static/js/page/texts.js');

test('names in braces are replaced, and those that are not given stay', () => {
  assert.equal(_('{a} of {b}, {c}', { a: 1, b: 'two' }), '1 of two, {c}');
});

test('a measured value has four digits, and powers of ten where it is tiny or huge', () => {
  const said = { 0: '0', 0.5: '0.5', 3.14159265: '3.142', 99999: '100000', 123456: '1.23e5', 0.00012345: '1.23e−4' };
  for (const [value, text] of Object.entries(said)) assert.equal(shown(Number(value)), text);
  assert.equal(shown(-2), '−2');
  assert.deepEqual([null, undefined, NaN, Infinity, -Infinity].map(shown), ['–', '–', 'NaN', '∞', '−∞']);
});

test('a setting is as short as it can be', () => {
  assert.deepEqual([0, 0.01, 1e-6, 2.5e-4, 1000].map(brief), ['0', '0.01', '1e−6', '2.5e−4', '1000']);
});

test('thousands are set apart', () => assert.equal(integer(1234567.4), '1,234,567'));
