/** The form: from controls to a spec and back. Controls are named by the spec's dotted paths. */

import { put } from '../data/runs.js';
import { all, one } from '../page/elements.js';
import { _, brief } from '../page/texts.js';

/** @import { Changes, FieldError, Nested, Spec, Value } from '../data/wire.d.ts' */
/** @typedef {HTMLInputElement | HTMLSelectElement} Box a control that holds a value itself */
/** @typedef {Box | HTMLFieldSetElement} Control one that bears `data-path`; a fieldset holds radio buttons */
/** @typedef {{low: string, high: string, scale: string, zero?: string, integer?: string}} Scale a slider's data attributes */

const PARTS = ['data', 'model', 'model.activation', 'init', 'norm', 'optimizer']; // one that may be off makes its own

export class Controls {
  /**
   * @param {HTMLFormElement} form
   * @param {{defaults: Spec}} catalogue
   * @param {{live: (path: string, value: unknown) => void, structural: (path: string) => void}} hooks
   */
  constructor(form, catalogue, hooks) {
    this.form = form;
    this.defaults = catalogue.defaults;
    this.hooks = hooks;
    form.addEventListener('input', ({ target }) => target instanceof HTMLElement && this.#input(target));
    form.addEventListener('change', ({ target }) => target instanceof HTMLElement && this.#change(target));
    form.addEventListener('submit', (event) => event.preventDefault());
    this.#arrange();
  }

  /** The spec that the form says; what was typed and isn't a number goes as typed, for the server to refuse. */
  read() {
    const spec = structuredClone(this.defaults);
    for (const part of PARTS) put(spec, `${part}.params`, {});
    for (const control of this.#enabled()) {
      if (control.dataset.kind !== 'group') put(spec, pathOf(control), valueOf(control));
      else if (!checked(control)) put(spec, pathOf(control), null);
    }
    return spec;
  }

  /** Show a spec. @param {Spec} spec */
  adopt(spec) {
    for (const control of this.#controls('[data-path]')) {
      const block = /** @type {HTMLElement | null} */ (control.closest('[data-params-of]'));
      if (block && look(spec, block.dataset.paramsOf ?? '') !== block.dataset.when) continue;
      const value = look(spec, pathOf(control));
      if (value !== undefined) show(control, value);
    }
    this.clearErrors();
    this.#arrange();
  }

  /** Put values into controls, as if a person had. @param {Changes} changes */
  apply(changes) {
    for (const [path, value] of Object.entries(changes)) {
      for (const control of this.#controls(`[data-path="${CSS.escape(path)}"]`)) show(control, value);
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
    return field?.querySelector('.field-label')?.firstChild?.textContent?.trim() ?? path;
  }

  /** Say beside each control what is wrong with it. @param {FieldError[]} errors */
  refuse(errors) {
    this.clearErrors();
    for (const { loc, msg } of errors) {
      const field = this.#field(loc);
      if (!field) continue;
      const note = one(field, '.field-error');
      note.textContent = msg;
      note.hidden = false;
      for (const input of field.querySelectorAll('input, select')) input.setAttribute('aria-invalid', 'true');
      const branch = field.closest('details');
      if (branch) branch.open = true;
      field.scrollIntoView({ block: 'nearest' });
    }
  }

  clearErrors() {
    for (const note of all(this.form, '.field-error')) note.hidden = true;
    for (const input of this.form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  }

  /** The visible field of a path, or of the nearest one that it lies in. @param {string} path */
  #field(path) {
    for (let at = path; at; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
      for (const name of [at, `${at}.name`]) {
        const found = [...this.form.querySelectorAll(`[data-field="${CSS.escape(name)}"]`)].filter((f) => !f.closest('[data-params-of][hidden]'));
        if (found.length) return found[0];
      }
    }
    return undefined;
  }

  /** @param {string} selector @returns {Control[]} */
  #controls(selector) {
    return all(this.form, selector).filter((found) => isBox(found) || found instanceof HTMLFieldSetElement);
  }

  #enabled() {
    return this.#controls('[data-path]').filter((control) => !control.matches(':disabled') && !control.closest('[disabled]'));
  }

  /** While a slider is dragged: its number runs along, and a live one acts. @param {HTMLElement} target */
  #input(target) {
    if (isSlider(target)) {
      const box = boxOf(target);
      box.value = plain(sliderValue(target));
      if (target.dataset.live !== undefined) this.hooks.live(target.name, Number(box.value));
    }
  }

  /** @param {HTMLElement} target */
  #change(target) {
    const path = (isBox(target) && target.name) || target.dataset.path;
    if (!path || !isBox(target)) return;
    if (!isSlider(target)) placeSlider(target);
    this.#arrange();
    target.closest('[data-field]')?.querySelector('.field-error')?.setAttribute('hidden', '');
    for (const input of target.closest('[data-field]')?.querySelectorAll('[aria-invalid]') ?? [target]) input.removeAttribute('aria-invalid');
    if (target.dataset.live !== undefined) this.hooks.live(path, valueOf(isSlider(target) ? boxOf(target) : target));
    else this.hooks.structural(path);
  }

  /** What follows from the values: which params show, which nested fields are off, sliders, folded values. */
  #arrange() {
    for (const block of all(this.form, '[data-params-of]')) {
      block.hidden = this.#chosen(block.dataset.paramsOf ?? '') !== block.dataset.when;
      if (block instanceof HTMLFieldSetElement) block.disabled = block.hidden;
    }
    for (const group of all(this.form, '[data-kind="group"]', HTMLInputElement)) {
      for (const field of all(this.form, `[data-field^="${group.dataset.path}."]`)) {
        field.hidden = !group.checked;
        for (const input of [field, ...all(field, 'input, select')]) if (isBox(input) || input instanceof HTMLFieldSetElement) input.disabled = !group.checked;
      }
    }
    for (const box of all(this.form, '.with-slider input[data-path]', HTMLInputElement)) placeSlider(box);
    for (const summary of all(this.form, '[data-summary]')) {
      summary.textContent = (summary.dataset.summary ?? '').split(' ').map((path) => this.#word(path)).filter(Boolean).join(' · ');
    }
  }

  /** @param {string} path */
  #chosen(path) {
    const [control] = this.#controls(`[data-path="${path}"]`);
    return control && valueOf(control);
  }

  /** A control's value for a folded branch. @param {string} path */
  #word(path) {
    const control = this.#enabled().find((c) => c.dataset.path === path);
    if (!control) return '';
    const value = valueOf(control);
    if (value === null || value === '') return '';
    if (control.dataset.kind === 'choice') return this.#shortOf(path, String(value));
    return `${this.titleOf(path)} ${typeof value === 'number' ? brief(value) : value}`;
  }

  /** @param {string} path @param {string} value */
  #shortOf(path, value) {
    const radio = this.form.querySelector(`input[name="${path}"][value="${CSS.escape(value)}"]`);
    return radio?.nextElementSibling ? radio.nextElementSibling.textContent : this.labelOf(path, value);
  }
}

/** What stands at a dotted path. @param {Nested | Spec} object @param {string} path @returns {Value} */
export const look = (object, path) => path.split('.').reduce((inner, key) => inner?.[key], /** @type {Value} */ (object));

/** @param {HTMLElement} element @returns {element is Box} */
const isBox = (element) => element instanceof HTMLInputElement || element instanceof HTMLSelectElement;

/** @param {HTMLElement} element @returns {element is HTMLInputElement} */
const isSlider = (element) => Boolean(element.dataset.slider);

/** @param {HTMLElement} control */
const pathOf = (control) => control.dataset.path ?? '';

/** @param {Control} control */
const checked = (control) => control instanceof HTMLInputElement && control.checked;

/** @param {HTMLFieldSetElement} set */
const radiosOf = (set) => all(set, 'input', HTMLInputElement);

/** @param {Control} control @returns {string | number | boolean | null} */
function valueOf(control) {
  const { kind, words = '' } = control.dataset;
  if (control instanceof HTMLFieldSetElement) return radiosOf(control).find((radio) => radio.checked)?.value ?? null;
  if (control.type === 'radio') return control.value;
  if (kind === 'flag' || kind === 'group') return checked(control);
  if (kind === 'choice' || kind === 'text' || kind === 'upload') return control.value;
  const text = control.value.trim();
  if (text === '') return null;
  if (words.split(' ').includes(text)) return text;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** @param {Control} control @param {Value} value */
function show(control, value) {
  const { kind } = control.dataset;
  if (control instanceof HTMLFieldSetElement) {
    for (const radio of radiosOf(control)) radio.checked = radio.value === value;
  } else if (control instanceof HTMLInputElement && (kind === 'flag' || kind === 'group')) control.checked = kind === 'flag' ? Boolean(value) : value !== null;
  else if (control instanceof HTMLSelectElement && kind === 'upload') {
    if (value && ![...control.options].some((option) => option.value === value)) control.append(new Option(value, value)); // the list may come later
    control.value = value ?? '';
  } else control.value = value === null ? '' : typeof value === 'number' ? plain(value) : value;
}

/** A number as an input holds it. @param {number} value */
const plain = (value) => (value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential().replace('e+', 'e') : String(value));

/** The slider's own number box. @param {HTMLInputElement} slider */
const boxOf = (slider) => one(/** @type {Element} */ (slider.closest('[data-field]')), 'input[data-path]', HTMLInputElement);

/** @param {HTMLInputElement} slider @returns {Scale} */
const scaleOf = ({ dataset: { low = '', high = '', scale = '', zero, integer } }) => ({ low, high, scale, zero, integer });

/** @param {Box} box */
function placeSlider(box) {
  const slider = box.closest('[data-field]')?.querySelector('[data-slider]');
  const value = Number(box.value);
  if (!(slider instanceof HTMLInputElement) || box.value === '' || !Number.isFinite(value)) return;
  slider.value = String(position(value, scaleOf(slider)));
  slider.setAttribute('aria-valuetext', value === 0 ? _('off') : brief(value));
  slider.style.setProperty('--at', `${slider.value}%`);
}

/** @param {HTMLInputElement} slider */
function sliderValue(slider) {
  const value = valueAt(Number(slider.value), scaleOf(slider));
  slider.setAttribute('aria-valuetext', value === 0 ? _('off') : brief(value));
  slider.style.setProperty('--at', `${slider.value}%`);
  return value;
}

/** Where the logarithmic part begins, for a slider with a true zero at its left end. @param {Scale} scale */
const margin = (scale) => (scale.zero === undefined ? 0 : 4);

/**
 * A slider's place, 0 to 100, as a value of two significant digits.
 * @param {number} place @param {Scale} scale
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

/** The inverse of `valueAt`. @param {number} value @param {Scale} scale */
export function position(value, scale) {
  const [low, high] = [Number(scale.low), Number(scale.high)];
  const from = margin(scale);
  if (value <= 0 && scale.scale === 'log') return 0;
  const share = scale.scale === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return from + Math.min(1, Math.max(0, share)) * (100 - from);
}
