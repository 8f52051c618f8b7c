/** What of a page the modules under test look at: its language, its JSON islands, and whether somebody sees it. */

class HTMLElement {
  /** @param {unknown} held */
  constructor(held) {
    this.textContent = JSON.stringify(held);
  }
}

/** The fields that the tests' studies vary. */
const FIELDS = [
  { path: 'model.params.depth', label: 'Depth', kind: 'number', integer: true, min: 1, max: 64, default: 4, options: [], of: { path: 'model.name', value: 'mlp', label: 'Perceptron' } },
  { path: 'optimizer.clip_norm', label: 'Clip gradient norm', kind: 'number', min: 0, nullable: true, default: null, options: [], of: null },
  { path: 'data.batch_size', label: 'Batch size', kind: 'number', integer: true, words: ['full'], min: 1, default: 64, options: [], of: null },
  { path: 'norm.name', label: 'Normalisation', kind: 'choice', default: 'batch', options: [{ value: 'batch', label: 'Batch norm', short: 'Batch' }, { value: 'none', label: 'none', short: 'none' }], of: null },
];

const islands = new Map([['known', { fields: FIELDS, defaults: {}, studies: [], words: { seed: 'Seed' }, plain: { none: 'no' } }]]);
const listeners = new Map();

export const page = {
  hidden: false,
  documentElement: { lang: 'en' },
  getElementById: (id) => (islands.has(id) ? new HTMLElement(islands.get(id)) : null),
  addEventListener: (event, heard) => listeners.set(event, heard),
};

/** Somebody looks at the page, or at another one. @param {boolean} hidden */
export function hide(hidden) {
  page.hidden = hidden;
  listeners.get('visibilitychange')?.();
}

Object.assign(globalThis, { document: page, HTMLElement });
