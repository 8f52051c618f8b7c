import assert from 'node:assert/strict';
import test from 'node:test';

import { decode, difference, encode, overlay } from '../../../static/js/page/share.js';
import { forAll, pick, whole } from '../random.js';

const LEAVES = [null, true, false, 0, 1, -2.5, 1e-9, '', 'relu', '한글 ✓', 'a?b>c~d', '>>>???', [], [1, 'two', null]];
const KEYS = ['a', 'b', 'c', 'params', 'd e'];

/** A nested object; a part (with a name and params) now and then. */
function objectOf(random, depth = 3) {
  const out = {};
  if (random() < 0.4) Object.assign(out, { name: pick(random, ['mlp', 'cnn']), params: {} });
  for (let i = whole(random, 0, 4); i > 0; i--) {
    const key = pick(random, KEYS);
    if (key !== 'params') out[key] = depth && random() < 0.4 ? objectOf(random, depth - 1) : pick(random, LEAVES);
  }
  if (out.params) for (let i = whole(random, 0, 3); i > 0; i--) out.params[pick(random, ['width', 'depth'])] = whole(random, 1, 9);
  return out;
}

/** Another object of the same shape, as a person changes settings. */
function changed(random, base) {
  const out = structuredClone(base);
  for (const key of Object.keys(out)) {
    if (random() < 0.5) continue;
    if (key === 'name') {
      out.name = pick(random, ['mlp', 'cnn']);
      out.params = out.name === base.name ? out.params : { depth: whole(random, 1, 9) };
    } else if (out[key] !== null && typeof out[key] === 'object' && !Array.isArray(out[key])) {
      if (key !== 'params') out[key] = changed(random, out[key]);
    } else out[key] = pick(random, LEAVES);
  }
  return out;
}

test('what was encoded is decoded again, whatever its letters', () => {
  forAll((random) => {
    const spec = objectOf(random);
    const text = encode(spec);
    assert.match(text, /^[\w-]*$/, 'a fragment needs no escapes');
    assert.deepEqual(decode(text), spec);
  });
});

test('the difference laid over the base is the spec', () => {
  forAll((random) => {
    const base = objectOf(random);
    const spec = changed(random, base);
    assert.deepEqual(overlay(base, difference(spec, base) ?? {}), spec);
  }, 2000);
});

test('a spec that is its base differs in nothing', () => {
  forAll((random) => {
    const base = objectOf(random);
    assert.equal(difference(structuredClone(base), base), undefined);
  });
});

test('a part of another name says all of its parameters, and takes none of the base', () => {
  const base = { model: { name: 'mlp', params: { depth: 4, width: 64 } } };
  const spec = { model: { name: 'cnn2d', params: { depth: 4 } } };
  assert.deepEqual(difference(spec, base), spec);
  assert.deepEqual(overlay(base, { model: { name: 'cnn2d' } }), { model: { name: 'cnn2d', params: {} } });
});

test('a value that was switched off stays off, and one that was off comes whole', () => {
  const base = { stop: { early: { patience: 10 } }, schedule: null };
  assert.deepEqual(difference({ stop: { early: null }, schedule: { name: 'cosine', params: {} } }, base), { stop: { early: null }, schedule: { name: 'cosine', params: {} } });
  assert.deepEqual(overlay(base, { schedule: { name: 'cosine', params: { to: 0 } } }).schedule, { name: 'cosine', params: { to: 0 } });
});

test('overlay changes neither of what it is given', () => {
  const base = { data: { name: 'digits', params: {} } };
  overlay(base, { data: { name: 'moons', params: { noise: 0.1 } } });
  assert.deepEqual(base, { data: { name: 'digits', params: {} } });
});

test('what is no settings decodes to null', () => {
  for (const text of ['', '!', 'bm90IGpzb24', encode([1, 2]), 'bnVsbA', 'MQ']) assert.equal(decode(text), null, text);
});
