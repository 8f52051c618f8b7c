/** One axis of a study: which field it goes over and which of its values, checked before anything is sent. */

import { all, make, one } from '../page/elements.js';
import { fields, titleOf, valueWord } from './known.js';
import { _, brief } from '../page/texts.js';

const NONE = ['none', '없음', 'null'];
const MOST = 100;

/** @import { Field, Value } from '../data/wire.d.ts' */

/** @returns {Record<string, string>} */
const branchWords = () => ({ data: _('Data'), model: _('Model'), init: _('Weight initialisation'), norm: _('Normalisation'), penalty: _('Regularisation'), optimizer: _('Optimizer'), stop: _('End of the run'), probes: _('Measuring') });

/** What was typed as a list of numbers. @param {Field} field @param {string} text @returns {{values: Value[], error: string | null}} */
export function numbersOf(field, text) {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  /** @type {Value[]} */
  const values = [];
  let error = parts.length ? null : _('Give at least one value, for example {example}.', { example: exampleOf(field) });
  for (const part of parts) {
    const read = numberOf(field, part);
    if (read.error) error ??= read.error;
    else if (values.includes(read.value)) error ??= _('“{text}” is there twice.', { text: part });
    else values.push(read.value);
  }
  if (values.length > MOST) error ??= _('{n} values were given; {most} are allowed.', { n: values.length, most: MOST });
  return { values, error };
}

/** @param {Field} field @param {string} part @returns {{value?: number | string | null, error?: string}} */
function numberOf(field, part) {
  if (field.words?.includes(part)) return { value: part };
  if (NONE.includes(part.toLowerCase())) return field.nullable ? { value: null } : { error: _('It can’t be none here.') };
  const value = Number(part);
  if (!Number.isFinite(value)) return { error: _('“{text}” is not a number.', { text: part }) };
  if (field.integer && !Number.isInteger(value)) return { error: _('{value} is not a whole number.', { value: part }) };
  const { min = null, max = null } = field;
  if (min !== null && value < min) return { error: _('{value} is below {min}, the least that is allowed.', { value: part, min: brief(min) }) };
  if (max !== null && value > max) return { error: _('{value} is above {max}, the most that is allowed.', { value: part, max: brief(max) }) };
  return { value };
}

/** @param {Field} field */
function exampleOf(field) {
  const at = typeof field.default === 'number' && field.default > 0 ? field.default : 1;
  return field.integer ? `${at}, ${2 * at}, ${4 * at}` : `${brief(at)}, ${brief(3 * at)}, ${brief(10 * at)}`;
}

export class Axis {
  /** @param {HTMLElement} element a fieldset @param {number} index @param {() => void} changed */
  constructor(element, index, changed) {
    this.element = element;
    this.index = index;
    this.changed = changed;
    /** @type {Field | null} */
    this.field = null;
    /** @type {Field[]} */
    this.offered = [];
    const legend = one(element, 'legend');
    this.select = make('select', { id: `axis-${index}`, attributes: { 'aria-label': legend.textContent ?? '', 'aria-describedby': `error-axis-${index}` }, onchange: () => this.#choose() });
    this.body = make('div', { className: 'axis-values' });
    this.error = make('p', { className: 'field-error', id: `error-axis-${index}`, hidden: true });
    element.append(this.select, this.body, this.error);
  }

  /** The fields that there are for a base: a part's own parameters where the base has that part. @param {(path: string) => unknown} held */
  offer(held) {
    const offered = fields.filter(({ of }) => !of || held(of.path) === of.value);
    const before = this.path;
    /** @type {Map<string, Field[]>} */
    const groups = new Map();
    for (const field of offered) {
      const branch = field.path.split('.')[0];
      groups.set(branch, [...(groups.get(branch) ?? []), field]);
    }
    const words = branchWords();
    this.select.replaceChildren(new Option(this.index ? _('no second axis') : _('choose a field…'), ''), ...[...groups].map(([branch, listed]) => {
      const group = make('optgroup', { label: words[branch] ?? titleOf(branch) });
      group.append(...listed.map((field) => new Option(field.of ? `${titleOf(field.path)} (${field.of.label})` : titleOf(field.path), field.path)));
      return group;
    }));
    this.offered = offered;
    if (before && offered.some(({ path }) => path === before)) this.select.value = before;
    else if (before) this.#choose();
  }

  get path() {
    return this.field?.path ?? '';
  }

  /** @param {string} path @param {Value[]} values @returns {boolean} whether it can be shown here */
  set(path, values) {
    if (!this.offered.some((field) => field.path === path)) return false;
    this.select.value = path;
    this.#choose();
    if (this.field?.kind === 'number') one(this.body, 'input', HTMLInputElement).value = values.map((value) => (value === null ? _('none') : String(value))).join(', ');
    else for (const box of this.#boxes()) box.checked = values.includes(JSON.parse(box.value));
    this.changed();
    return true;
  }

  clear() {
    this.select.value = '';
    this.#choose();
  }

  #boxes() {
    return all(this.body, 'input', HTMLInputElement);
  }

  /** @returns {{values: Value[], error: string | null}} */
  read() {
    if (!this.field) return { values: [], error: null };
    if (this.field.kind === 'number') return numbersOf(this.field, one(this.body, 'input', HTMLInputElement).value);
    const values = this.#boxes().filter((box) => box.checked).map((box) => JSON.parse(box.value));
    return { values, error: values.length ? null : _('Choose at least one.') };
  }

  /** @param {string | null} text */
  say(text) {
    this.error.textContent = text ?? '';
    this.error.hidden = !text;
    for (const input of [this.select, ...this.#boxes()]) {
      if (text) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    }
  }

  #choose() {
    this.field = this.offered.find(({ path }) => path === this.select.value) ?? null;
    this.body.replaceChildren(...(this.field ? this.#controls(this.field) : []));
    this.say(null);
    this.changed();
  }

  /** @param {Field} field */
  #controls(field) {
    const changed = () => {
      this.say(null);
      this.changed();
    };
    const about = { 'aria-describedby': `error-axis-${this.index}` };
    if (field.kind === 'number') {
      const input = make('input', { type: 'text', id: `values-${this.index}`, placeholder: exampleOf(field), oninput: changed, onchange: () => this.say(this.read().error), attributes: { ...about, spellcheck: 'false' } });
      const hint = [field.words?.length ? _('words: {words}', { words: field.words.join(', ') }) : '', field.nullable ? _('or none') : ''].filter(Boolean).join(', ');
      return [make('label', { htmlFor: input.id }, _('Values, with commas between'), hint ? ` (${hint})` : ''), input];
    }
    const options = field.kind === 'flag' ? [true, false].map((value) => ({ value, label: valueWord(field.path, value) })) : field.options;
    const none = field.nullable && field.kind === 'choice' ? [{ value: null, label: _('none') }] : [];
    return [make('div', { className: 'checks', attributes: { role: 'group', 'aria-label': titleOf(field.path) } }, ...[...none, ...options].map(({ value, label }) =>
      make('label', { className: 'check' }, make('input', { type: 'checkbox', value: JSON.stringify(value), onchange: changed, attributes: about }), make('span', {}, label === value ? valueWord(field.path, value) : label))))];
  }
}
