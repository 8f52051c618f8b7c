/** What of a page the modules under test look at: its language, its pieces, and whether somebody sees it. */

class HTMLElement {}

/** The fields that the tests' studies vary. */
const FIELDS = [
  { path: 'model.params.depth', label: 'Depth', kind: 'number', integer: true, min: 1, max: 64, default: 4, options: [], of: { path: 'model.name', value: 'mlp', label: 'Perceptron' } },
  { path: 'optimizer.clip_norm', label: 'Clip gradient norm', kind: 'number', min: 0, nullable: true, default: null, options: [], of: null },
  { path: 'data.batch_size', label: 'Batch size', kind: 'number', integer: true, words: ['full'], min: 1, default: 64, options: [], of: null },
  { path: 'norm.name', label: 'Normalisation', kind: 'choice', default: 'batch', options: [{ value: 'batch', label: 'Batch norm', short: 'Batch' }, { value: 'none', label: 'none', short: 'none' }], of: null },
];

const KNOWN = { fields: FIELDS, defaults: {}, studies: [], words: { seed: 'Seed' }, plain: { none: 'no' } };
/** Selector → what a page has there: links to pieces that hold themselves. @param {object} held */
const piece = (held) => ({ href: `data:application/json,${encodeURIComponent(JSON.stringify(held))}` });
const links = new Map([['link[data-piece="known"]', piece(KNOWN)], ['link[data-piece="texts"]', piece({})]]);
const listeners = new Map();

export const page = {
  hidden: false,
  documentElement: { lang: 'en', dataset: {} },
  /** @param {string} selector */
  querySelector: (selector) => links.get(selector) ?? null,
  getElementById: () => null,
  addEventListener: (event, heard) => listeners.set(event, heard),
};

/** Somebody looks at the page, or at another one. @param {boolean} hidden */
export function hide(hidden) {
  page.hidden = hidden;
  listeners.get('visibilitychange')?.();
}

Object.assign(globalThis, { document: page, HTMLElement });
