import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';

const { fieldOf, placeOf, seriesWord, setupOf, titleOf, valueWord } = await import('../../../static/js/form/known.js');

test('a field is called by its label, by a word of its path, or by its path made readable', () => {
  assert.equal(titleOf('model.params.depth'), 'Depth');
  assert.equal(titleOf('seed'), 'Seed');
  assert.equal(titleOf('stop.max_epochs'), 'max epochs');
  assert.equal(fieldOf('stop.max_epochs'), undefined);
});

test('a value is short: a number, a choice, a part that is given whole', () => {
  const words = [null, 1e-6, true, 'batch', 'none', 'adam'].map((value) => valueWord('norm.name', value));
  assert.deepEqual(words, ['none', '1e−6', 'yes', 'Batch', 'no', 'adam']);
  assert.equal(valueWord('optimizer', { name: 'adam', params: { lr: 0.1 } }), 'adam lr 0.1');
  const long = valueWord('optimizer', { name: 'adam', params: { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, amsgrad: false } });
  assert.equal(long.length, 40);
  assert.ok(long.endsWith('…'));
});

test('a place and a setup are sentences of their parts', () => {
  assert.equal(placeOf({ 'norm.name': 'batch', 'model.params.depth': 4 }), 'Normalisation Batch, Depth 4');
  assert.equal(setupOf({ data: { name: 'moons' }, model: { name: 'mlp', params: { depth: 2, width: 8 } }, norm: { name: 'batch' }, init: { name: 'lsuv' } }), 'moons · mlp 2×8 · norm: Batch · init: lsuv');
  assert.equal(setupOf({ data: { name: 'moons' } }), 'moons', 'a spec may say a part of itself');
});

test('a series that nobody named keeps its name', () => {
  assert.deepEqual(['val/loss', 'layer/fc1/x'].map(seriesWord), ['validation loss', 'layer/fc1/x']);
});
