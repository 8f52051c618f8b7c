import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';

const { findingsOf, sentenceOf } = await import('../../../static/js/lab/health.js');

const told = (rule, severity, on = true) => ({ kind: 'diagnosis', step: 3, time: 0, data: { on, rule, severity, evidence: { share: 0.51234, layers: 2, name: 'fc1' }, mend: {} } });

test('what is wrong now, the most severe first; what is over or before a resume is not', () => {
  const events = [told('early', 2), { kind: 'resumed', step: 1, time: 0, data: {} }, told('mild', 3), told('grave', 1), told('gone', 0), told('gone', 0, false)];
  assert.deepEqual(findingsOf({ events }).map(({ rule, since }) => [rule, since]), [['grave', 3], ['mild', 3]]);
});

test('a finding is a sentence with its numbers', () => {
  const [finding] = findingsOf({ events: [told('dead', 1)] });
  assert.equal(sentenceOf(finding, [{ name: 'dead', sentence: { en: '{share} of {layers} in {name}, {other}' } }]), '0.512 of 2 in fc1, {other}');
  assert.equal(sentenceOf(finding, []), 'dead');
});
