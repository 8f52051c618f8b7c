/** The studies as a list: how each stands and how far it is. */

import { asProblem, listStudies } from '../data/api.js';
import { $, make, one, sayTrouble } from '../page/elements.js';
import { titleOf, valueWord } from '../form/known.js';
import { at } from '../page/place.js';
import { fillStatus, statusMark } from '../page/statuses.js';
import { _, integer } from '../page/texts.js';

/** @import { Progress, StudySummary } from '../data/wire.d.ts' */

const PAGE = 6;

/** What is varied, in words. @param {Pick<StudySummary, 'axes' | 'seeds'>} study */
export function axesWord({ axes, seeds }) {
  const varied = axes.map(({ path, values }) => `${titleOf(path)}: ${values.length > 6 ? integer(values.length) : values.map((value) => valueWord(path, value)).join(', ')}`);
  return [...varied, seeds.length === 1 ? _('1 seed') : _('{n} seeds', { n: integer(seeds.length) })].join(' × ');
}

/** Runs that have ended, one way or another. @param {Progress} runs */
export const doneOf = ({ total, waiting, going }) => total - waiting - going;

/** How far it is, in words. @param {Progress} runs */
export function progressWord(runs) {
  const { total, going, failed } = runs;
  const words = [_('{done} of {total} runs have ended', { done: integer(doneOf(runs)), total: integer(total) })];
  if (going) words.push(_('{n} go on', { n: integer(going) }));
  if (failed) words.push(_('{n} failed', { n: integer(failed) }));
  return words.join(' · ');
}

export class StudyList {
  constructor() {
    /** @type {Map<string, HTMLElement>} by study */
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
    } catch (caught) {
      sayTrouble(asProblem(caught).message, 'trouble', 'studies');
    }
  }

  /** @param {StudySummary[]} items */
  #show(items) {
    for (const id of this.rows.keys()) if (!items.some((one) => one.id === id)) this.rows.delete(id);
    const wanted = items.map((study) => {
      const held = this.rows.get(study.id) ?? row(study);
      this.rows.set(study.id, held);
      update(held, study);
      return held;
    });
    const list = $('studies');
    if (wanted.some((element, i) => element !== list.children[i]) || wanted.length !== list.children.length) list.replaceChildren(...wanted);
    $('no-studies').hidden = items.length > 0;
  }
}

/** @param {StudySummary} study */
function row(study) {
  const name = make('a', { className: 'run-link', href: at(`/studies/${encodeURIComponent(study.id)}`) });
  const bar = make('progress', { max: 1 });
  return make('li', { data: { study: study.id } }, make('div', { className: 'study-name' }, name, make('span', { className: 'setup' })), statusMark(study.status), bar, make('span', { className: 'progress-word' }));
}

/** @param {HTMLElement} element a row @param {StudySummary} study */
function update(element, study) {
  const name = study.name || _('Study without a name');
  one(element, '.run-link').textContent = name;
  one(element, '.setup').textContent = axesWord(study);
  fillStatus(one(element, '.status'), study.status);
  const bar = one(element, 'progress');
  Object.assign(bar, { max: Math.max(1, study.runs.total), value: doneOf(study.runs) });
  bar.setAttribute('aria-label', `${name}: ${progressWord(study.runs)}`);
  one(element, '.progress-word').textContent = progressWord(study.runs);
}
