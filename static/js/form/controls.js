/** The form: from controls to a spec and back. Controls are named by the spec's dotted paths. */

import { put } from '../data/runs.js';
import { _, brief } from '../page/texts.js';

const PARTS = ['data', 'model', 'model.activation', 'init', 'norm', 'optimizer']; // one that may be off makes its own

export class Controls {
  /**
   * @param {HTMLFormElement} form
   * @param {{defaults: object}} catalogue
   * @param {{live: (path: string, value: unknown) => void, structural: (path: string) => void}} hooks
   */
  constructor(form, catalogue, hooks) {
    this.form = form;
    this.defaults = catalogue.defaults;
    this.hooks = hooks;
    form.addEventListener('input', (event) => this.#input(event.target));
    form.addEventListener('change', (event) => this.#change(event.target));
    form.addEventListener('submit', (event) => event.preventDefault());
    this.#arrange();
  }

  /** The spec that the form says; what was typed and isn't a number goes as typed, for the server to refuse. */
  read() {
    const spec = structuredClone(this.defaults);
    for (const part of PARTS) put(spec, `${part}.params`, {});
    for (const control of this.#enabled()) {
      const { path, kind } = control.dataset;
      if (kind === 'group') {
        if (!control.checked) put(spec, path, null);
      } else put(spec, path, valueOf(control));
    }
    return spec;
  }

  /** Show a spec. @param {any} spec */
  adopt(spec) {
    for (const control of this.form.querySelectorAll('[data-path]')) {
      const block = control.closest('[data-params-of]');
      if (block && look(spec, block.dataset.paramsOf) !== block.dataset.when) continue;
      const value = look(spec, control.dataset.path);
      if (value !== undefined) show(control, value);
    }
    this.clearErrors();
    this.#arrange();
  }

  /** Put values into controls, as if a person had. @param {Record<string, unknown>} changes by dotted path */
  apply(changes) {
    for (const [path, value] of Object.entries(changes)) {
      for (const control of this.form.querySelectorAll(`[data-path="${CSS.escape(path)}"]`)) show(control, value);
      this.#arrange();
    }
  }

  /** A value was put into a control by another part of the page: what follows is as if a person had chosen it. @param {HTMLElement} control */
  chosen(control) {
    this.#change(control);
  }

  /** Whether a change of this path acts on the run that goes on. @param {string} path */
  isLive(path) {
    return this.#enabled().some((control) => control.dataset.path === path && control.dataset.live !== undefined);
  }

  /** A part's or a choice's word for people. @param {string} path @param {string} value */
  labelOf(path, value) {
    const option = this.form.querySelector(`select[data-path="${path}"] option[value="${CSS.escape(value)}"]`);
    const radio = this.form.querySelector(`input[name="${path}"][value="${CSS.escape(value)}"]`);
    return option?.textContent ?? radio?.getAttribute('aria-label') ?? value;
  }

  /** A control's own label. @param {string} path */
  titleOf(path) {
    const field = this.#field(path);
    return field?.querySelector('.field-label')?.firstChild.textContent.trim() ?? path;
  }

  /** Say beside each control what is wrong with it. @param {{loc: string, msg: string}[]} errors */
  refuse(errors) {
    this.clearErrors();
    for (const { loc, msg } of errors) {
      const field = this.#field(loc);
      if (!field) continue;
      const note = field.querySelector('.field-error');
      note.textContent = msg;
      note.hidden = false;
      for (const input of field.querySelectorAll('input, select')) input.setAttribute('aria-invalid', 'true');
      const branch = field.closest('details');
      if (branch) branch.open = true;
      field.scrollIntoView({ block: 'nearest' });
    }
  }

  clearErrors() {
    for (const note of this.form.querySelectorAll('.field-error')) note.hidden = true;
    for (const input of this.form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  }

  /** The visible field of a path, or of the nearest one that it lies in. */
  #field(path) {
    for (let at = path; at; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
      for (const name of [at, `${at}.name`]) {
        const found = [...this.form.querySelectorAll(`[data-field="${CSS.escape(name)}"]`)].filter((f) => !f.closest('[data-params-of][hidden]'));
        if (found.length) return found[0];
      }
    }
    return undefined;
  }

  #enabled() {
    return [...this.form.querySelectorAll('[data-path]')].filter((control) => !control.matches(':disabled') && !control.closest('[disabled]'));
  }

  /** While a slider is dragged: its number runs along, and a live one acts. */
  #input(target) {
    if (target.dataset.slider) {
      const box = boxOf(target);
      box.value = plain(sliderValue(target));
      if (target.dataset.live !== undefined) this.hooks.live(target.name, Number(box.value));
    }
  }

  #change(target) {
    const path = target.name || target.dataset.path;
    if (!path) return;
    if (!target.dataset.slider) placeSlider(target);
    this.#arrange();
    target.closest('[data-field]')?.querySelector('.field-error')?.setAttribute('hidden', '');
    for (const input of target.closest('[data-field]')?.querySelectorAll('[aria-invalid]') ?? [target]) input.removeAttribute('aria-invalid');
    if (target.dataset.live !== undefined) this.hooks.live(path, valueOf(target.dataset.slider ? boxOf(target) : target));
    else this.hooks.structural(path);
  }

  /** What follows from the values: which params show, which nested fields are off, sliders, folded values. */
  #arrange() {
    for (const block of this.form.querySelectorAll('[data-params-of]')) {
      const off = this.#chosen(block.dataset.paramsOf) !== block.dataset.when;
      block.hidden = block.disabled = off;
    }
    for (const group of this.form.querySelectorAll('[data-kind="group"]')) {
      for (const field of this.form.querySelectorAll(`[data-field^="${group.dataset.path}."]`)) {
        field.hidden = !group.checked;
        for (const input of [field, ...field.querySelectorAll('input, select')]) input.disabled = !group.checked; // a fieldset too
      }
    }
    for (const box of this.form.querySelectorAll('.with-slider input[data-path]')) placeSlider(box);
    for (const summary of this.form.querySelectorAll('[data-summary]')) {
      summary.textContent = summary.dataset.summary.split(' ').map((path) => this.#word(path)).filter(Boolean).join(' · ');
    }
  }

  #chosen(path) {
    const control = this.form.querySelector(`[data-path="${path}"]`);
    return control && valueOf(control);
  }

  /** A control's value for a folded branch. */
  #word(path) {
    const control = this.#enabled().find((c) => c.dataset.path === path);
    if (!control) return '';
    const value = valueOf(control);
    if (value === null || value === '') return '';
    if (control.dataset.kind === 'choice') return this.#shortOf(path, value);
    return `${this.titleOf(path)} ${typeof value === 'number' ? brief(value) : value}`;
  }

  #shortOf(path, value) {
    const radio = this.form.querySelector(`input[name="${path}"][value="${CSS.escape(value)}"]`);
    return radio ? radio.nextElementSibling.textContent : this.labelOf(path, value);
  }
}

/** @param {any} object @param {string} path */
export const look = (object, path) => path.split('.').reduce((inner, key) => inner?.[key], object);

function valueOf(control) {
  const { kind, words = '' } = control.dataset;
  if (control.tagName === 'FIELDSET') return control.querySelector('input:checked')?.value ?? null;
  if (control.type === 'radio') return control.value;
  if (kind === 'flag' || kind === 'group') return control.checked;
  if (kind === 'choice' || kind === 'text' || kind === 'upload') return control.value;
  const text = control.value.trim();
  if (text === '') return null;
  if (words.split(' ').includes(text)) return text;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

function show(control, value) {
  const { kind } = control.dataset;
  if (control.tagName === 'FIELDSET') {
    for (const radio of control.querySelectorAll('input')) radio.checked = radio.value === value;
  } else if (kind === 'flag') control.checked = Boolean(value);
  else if (kind === 'group') control.checked = value !== null;
  else if (kind === 'upload') {
    if (value && ![...control.options].some((option) => option.value === value)) control.append(new Option(value, value)); // the list may come later
    control.value = value ?? '';
  } else control.value = value === null ? '' : typeof value === 'number' ? plain(value) : value;
}

/** A number as an input holds it. */
const plain = (value) => (value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential().replace('e+', 'e') : String(value));

const boxOf = (slider) => slider.closest('[data-field]').querySelector('input[data-path]');

function placeSlider(box) {
  const slider = box.closest('[data-field]')?.querySelector('[data-slider]');
  const value = Number(box.value);
  if (!slider || box.value === '' || !Number.isFinite(value)) return;
  slider.value = position(value, slider.dataset);
  slider.setAttribute('aria-valuetext', value === 0 ? _('off') : brief(value));
  slider.style.setProperty('--at', `${slider.value}%`);
}

function sliderValue(slider) {
  const value = valueAt(Number(slider.value), slider.dataset);
  slider.setAttribute('aria-valuetext', value === 0 ? _('off') : brief(value));
  slider.style.setProperty('--at', `${slider.value}%`);
  return value;
}

/** Where the logarithmic part begins, for a slider with a true zero at its left end. */
const margin = (scale) => (scale.zero === undefined ? 0 : 4);

/**
 * A slider's place, 0 to 100, as a value of two significant digits.
 * @param {number} place @param {{low: string, high: string, scale: string, zero?: string, integer?: string}} scale
 */
export function valueAt(place, scale) {
  const [low, high] = [Number(scale.low), Number(scale.high)];
  const from = margin(scale);
  if (from && place < from) return 0;
  const share = (place - from) / (100 - from);
  const value = scale.scale === 'log' ? low * (high / low) ** share : low + (high - low) * share;
  const rounded = Number(value.toPrecision(2));
  return scale.integer === undefined ? rounded : Math.round(rounded);
}

/** The inverse of `valueAt`. */
export function position(value, scale) {
  const [low, high] = [Number(scale.low), Number(scale.high)];
  const from = margin(scale);
  if (value <= 0 && scale.scale === 'log') return 0;
  const share = scale.scale === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return from + Math.min(1, Math.max(0, share)) * (100 - from);
}
