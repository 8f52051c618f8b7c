/** Which runs are chosen, on this page and on others, and what is done to all of them: stop, delete. */

import { asProblem, bulkRuns, listRunIds } from '../data/api.js';
import { $, confirmed, make, sayTrouble } from '../page/elements.js';
import { _, integer } from '../page/texts.js';

/** Runs in one request: as many as keep the bar moving. */
const AT_ONCE = 50;
/** Reasons that are told one by one. */
const MOST_REASONS = 8;

const page = $('choose-page', HTMLInputElement);
/** @typedef {{id: string, detail: string}} Refusal of one run */

export class Selection {
  /**
   * @param {{changed: () => void, gone: (ids: string[]) => void, done: () => Promise<void>}} calls
   * `changed`: other runs are chosen; `gone`: these were deleted; `done`: a deed is over and the list is to be asked for
   */
  constructor({ changed, gone, done }) {
    this.changed = changed;
    this.gone = gone;
    this.done = done;
    /** @type {Set<string>} */
    this.ids = new Set();
    /** @type {string[]} runs of this page */
    this.page = [];
    /** @type {string[]} all runs that are like those of this page, once they were asked for */
    this.alike = [];
    this.busy = false;
    this.more = false;
    page.addEventListener('change', () => this.put(this.page, page.checked));
    $('choose-like').addEventListener('click', () => {
      this.put(this.alike, true);
      page.focus(); // the button goes
    });
    $('stop-chosen').addEventListener('click', () => this.#stop());
    $('delete-chosen').addEventListener('click', () => this.#delete());
    this.say(0);
  }

  /** @param {string} id */
  has(id) {
    return this.ids.has(id);
  }

  /** @param {string[]} ids @param {boolean} chosen */
  put(ids, chosen) {
    for (const id of ids) this.ids[chosen ? 'add' : 'delete'](id);
    this.changed();
  }

  clear() {
    this.ids.clear();
    this.changed();
  }

  /** The runs of this page, and whether there are others like them. @param {string[]} ids @param {boolean} more */
  show(ids, more) {
    this.page = ids;
    this.more = more;
    if (!more) this.alike = [];
  }

  /**
   * Where all of this page are chosen and there are more pages: how many there are in all.
   * @param {Record<string, string>} wanted what the filters say
   */
  async look(wanted) {
    if (!this.more || this.alike.length || !this.#whole) return;
    try {
      this.alike = await listRunIds(wanted);
    } catch (caught) {
      sayTrouble(asProblem(caught).message);
      return;
    }
    this.changed();
  }

  get #whole() {
    return this.page.length > 0 && this.page.every((id) => this.ids.has(id));
  }

  /** @param {number} compared how many of the chosen runs stand in the figure */
  say(compared) {
    const n = this.ids.size;
    const some = this.page.some((id) => this.ids.has(id));
    page.checked = this.#whole;
    page.indeterminate = some && !this.#whole;
    $('choosing').hidden = !this.page.length && !n;
    for (const id of ['choose-none', 'stop-chosen', 'delete-chosen']) {
      const button = $(id, HTMLButtonElement);
      button.hidden = !n;
      button.disabled = this.busy;
    }
    const rest = this.alike.filter((id) => !this.ids.has(id)).length;
    $('choose-like').hidden = !(this.#whole && rest && !this.busy);
    $('choose-like').textContent = _('Choose all {n} that are like this', { n: integer(this.alike.length) });
    if (this.busy) return;
    const words = n ? [_('{n} chosen.', { n: integer(n) })] : [];
    if (compared && compared === n) words.push(_('The same run has the same colour in the figure and in the table.'));
    else if (compared) words.push(_('{n} of them stand in the figure.', { n: integer(compared) }));
    if ($('chosen-word').textContent !== words.join(' ')) $('chosen-word').textContent = words.join(' ');
  }

  async #stop() {
    const n = integer(this.ids.size);
    const about = _('Those that wait never start; those that train end at their next step. A run that was stopped can be resumed.');
    if (!(await confirmed({ title: _('Stop {n} runs?', { n }), about, yes: _('Stop') }))) return;
    await this.#each('stop', [...this.ids], (done, total) => _('Stopping: {done} of {total}', { done, total }));
  }

  async #delete() {
    const ids = [...this.ids];
    const title = ids.length === 1 ? _('Delete this run?') : _('Delete {n} runs?', { n: integer(ids.length) });
    if (!(await confirmed({ title, about: _('All that was recorded of them goes. This can’t be undone.'), yes: _('Delete') }))) return;
    await this.#each('delete', ids, (done, total) => _('Deleting: {done} of {total}', { done, total }));
  }

  /** @param {'stop' | 'delete'} action @param {string[]} ids @param {(done: string, total: string) => string} words */
  async #each(action, ids, words) {
    const bar = $('deed-bar', HTMLProgressElement);
    /** @type {Refusal[]} */
    const refused = [];
    this.busy = true;
    bar.hidden = false;
    bar.max = ids.length;
    sayTrouble(null);
    this.#tell([]);
    try {
      for (let i = 0; i < ids.length; i += AT_ONCE) {
        bar.value = i;
        $('chosen-word').textContent = words(integer(i), integer(ids.length));
        this.say(0);
        const answer = await bulkRuns(action, ids.slice(i, i + AT_ONCE));
        refused.push(...answer.refused.filter(({ status }) => !(action === 'delete' && status === 404))); // someone else was faster
        const left = action === 'delete' ? ids.slice(i, i + AT_ONCE).filter((id) => !refused.some((one) => one.id === id)) : answer.done;
        for (const id of left) this.ids.delete(id);
        if (action === 'delete') this.gone(left);
      }
    } catch (caught) {
      sayTrouble(asProblem(caught).message);
    }
    this.busy = false;
    this.alike = [];
    bar.hidden = true;
    this.#tell(refused);
    await this.done();
    this.changed();
    const here = ['delete-chosen', 'choose-page'].map((id) => $(id)).find((one) => !one.hidden && one.offsetParent);
    (here ?? $('filter-status')).focus();
  }

  /** What could not be done, a line a reason. @param {Refusal[]} refused */
  #tell(refused) {
    /** @type {Map<string, string[]>} */
    const reasons = new Map();
    for (const { id, detail } of refused) reasons.set(detail, [...(reasons.get(detail) ?? []), id]);
    const lines = [...reasons].slice(0, MOST_REASONS).map(([detail, ids]) =>
      make('li', { textContent: ids.length === 1 ? `${ids[0].slice(0, 8)}: ${detail}` : _('{n} runs: {why}', { n: integer(ids.length), why: detail }) }));
    if (reasons.size > MOST_REASONS) lines.push(make('li', { textContent: _('and {n} other reasons', { n: integer(reasons.size - MOST_REASONS) }) }));
    $('refusals').replaceChildren(...lines);
    $('refusals').hidden = !lines.length;
  }
}
