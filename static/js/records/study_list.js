/** The studies as a list: how each stands and how far it is. */

import { listStudies } from '../data/api.js';
import { make, sayTrouble } from '../page/elements.js';
import { titleOf, valueWord } from '../form/known.js';
import { fillStatus, statusMark } from '../page/statuses.js';
import { _, integer } from '../page/texts.js';

const PAGE = 6;
const $ = (id) => document.getElementById(id);

/** What is varied, in words. @param {{axes: {path: string, values: unknown[]}[], seeds: number[]}} study */
export function axesWord({ axes, seeds }) {
  const varied = axes.map(({ path, values }) => `${titleOf(path)}: ${values.length > 6 ? integer(values.length) : values.map((value) => valueWord(path, value)).join(', ')}`);
  return [...varied, seeds.length === 1 ? _('1 seed') : _('{n} seeds', { n: integer(seeds.length) })].join(' × ');
}

/** Runs that have ended, one way or another. @param {{total: number, waiting: number, going: number}} runs */
export const doneOf = ({ total, waiting, going }) => total - waiting - going;

/** How far it is, in words. @param {{total: number, waiting: number, going: number, failed: number}} runs */
export function progressWord(runs) {
  const { total, going, failed } = runs;
  const words = [_('{done} of {total} runs have ended', { done: integer(doneOf(runs)), total: integer(total) })];
  if (going) words.push(_('{n} go on', { n: integer(going) }));
  if (failed) words.push(_('{n} failed', { n: integer(failed) }));
  return words.join(' · ');
}

export class StudyList {
  constructor() {
    this.rows = new Map();
    this.wanted = PAGE;
    $('more-studies').addEventListener('click', () => {
      this.wanted += 2 * PAGE;
      this.load();
    });
  }

  async load() {
    try {
      const { items, next } = await listStudies({ limit: Math.min(200, this.wanted) });
      this.#show(items);
      $('more-studies').hidden = !next;
      sayTrouble(null, 'trouble', 'studies');
    } catch (problem) {
      sayTrouble(problem.message, 'trouble', 'studies');
    }
  }

  #show(items) {
    for (const id of this.rows.keys()) if (!items.some((one) => one.id === id)) this.rows.delete(id);
    for (const study of items) {
      if (!this.rows.has(study.id)) this.rows.set(study.id, row(study));
      update(this.rows.get(study.id), study);
    }
    const wanted = items.map(({ id }) => this.rows.get(id));
    if (wanted.some((one, i) => one !== $('studies').children[i]) || wanted.length !== $('studies').children.length) $('studies').replaceChildren(...wanted);
    $('no-studies').hidden = items.length > 0;
  }
}

function row(study) {
  const name = make('a', { className: 'run-link', href: `/studies/${encodeURIComponent(study.id)}` });
  const bar = make('progress', { max: 1 });
  return make('li', { data: { study: study.id } }, make('div', { className: 'study-name' }, name, make('span', { className: 'setup' })), statusMark(study.status), bar, make('span', { className: 'progress-word' }));
}

function update(one, study) {
  const name = study.name || _('Study without a name');
  one.querySelector('.run-link').textContent = name;
  one.querySelector('.setup').textContent = axesWord(study);
  fillStatus(one.querySelector('.status'), study.status);
  const bar = one.querySelector('progress');
  Object.assign(bar, { max: Math.max(1, study.runs.total), value: doneOf(study.runs) });
  bar.setAttribute('aria-label', `${name}: ${progressWord(study.runs)}`);
  one.querySelector('.progress-word').textContent = progressWord(study.runs);
}
