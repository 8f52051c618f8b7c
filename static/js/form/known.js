/** The words for a spec's fields and values on the pages of runs and studies, which come as a piece of the page. */

import { look } from './controls.js';
import { data } from '../page/pieces.js';
import { _, brief } from '../page/texts.js';

/** @import { Field, Nested, Part, ReadyStudy, Spec } from '../data/wire.d.ts' */

/** @type {{fields: Field[], defaults: Spec, studies: ReadyStudy[], words: Record<string, string>, plain: Record<string, string>}} */
const known = await data('known');

export const { fields, defaults, studies } = known;

/** @param {string} path */
export const fieldOf = (path) => fields.find((field) => field.path === path);

/** A field's name for people. @param {string} path */
export function titleOf(path) {
  const last = path.split('.').at(-1) ?? path;
  return fieldOf(path)?.label || known.words[path] || known.words[last] || last.replaceAll('_', ' ');
}

const LONGEST = 40;

/** A value of a field for people. @param {string} path @param {unknown} value */
export function valueWord(path, value) {
  if (value === null || value === undefined) return _('none');
  if (typeof value === 'number') return brief(value);
  if (typeof value === 'boolean') return value ? _('yes') : _('no');
  if (typeof value !== 'string') return whole(/** @type {Part} */ (value));
  const option = fields.filter((field) => field.path === path).flatMap(({ options }) => options).find((one) => one.value === value);
  return (option && option.label !== option.value ? option.short : known.plain[value]) || value;
}

/** A part that is given whole: its name, and its parameters where it has some. @param {Partial<Part>} value */
function whole(value) {
  const text = value.name ? [value.name, ...Object.entries(value.params ?? {}).map(([name, given]) => `${name} ${JSON.stringify(given)}`)].join(' ') : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** What a run is made of, in short. @param {Spec | Nested} spec */
export function setupOf(spec) {
  const model = look(spec, 'model.params') ?? {};
  const size = model.depth && model.width ? ` ${model.depth}×${model.width}` : '';
  const name = (/** @type {string} */ path) => (look(spec, path) ? valueWord(path, look(spec, path)) : '');
  return [name('data.name'), `${name('model.name')}${size}`, name('norm.name') && _('norm: {name}', { name: name('norm.name') }), name('init.name') && _('init: {name}', { name: name('init.name') })].filter(Boolean).join(' · ');
}

/** Where a cell stands: `Normalisation batch, Depth 4`. @param {Record<string, unknown>} values by path */
export const placeOf = (values) => Object.entries(values).map(([path, value]) => `${titleOf(path)} ${valueWord(path, value)}`).join(', ');

/** A series' name for people. @param {string} name */
export function seriesWord(name) {
  /** @type {Record<string, string>} */
  const words = {
    'train/loss': _('training loss'), 'val/loss': _('validation loss'), 'test/loss': _('test loss'),
    'train/accuracy': _('training accuracy'), 'val/accuracy': _('validation accuracy'), 'test/accuracy': _('test accuracy'),
    'grad/norm': _('gradient norm'),
  };
  return words[name] ?? name;
}
