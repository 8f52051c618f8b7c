/** One experiment of the notes: what it is asked to do, how far it is, and, once its reader wants to see it, what came of it. */

import { drawFounds, drawKeys, middle } from '../charts/founds.js';
import { at } from '../page/place.js';
import { finite } from '../charts/house.js';
import { $, all, one } from '../page/elements.js';
import { _, brief, integer, language, shown } from '../page/texts.js';

/** @import { Bound, Cell, ExperimentAbout, Found, Judgement, Outcome } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */
/** @typedef {ExperimentAbout & {signs: Record<Outcome, string>}} About as the page holds it */

const GOING = ['queued', 'running'];

export class Experiment {
  /** @param {About} about @param {{run: (quick: boolean) => void, cancel: () => void, revealed: () => void}} hooks */
  constructor(about, hooks) {
    this.about = about;
    this.root = $(about.id);
    this.plot = $(`figure-${about.id}`);
    this.hooks = hooks;
    /** @type {Judgement | null} the newest, with or without its curves */
    this.judgement = null;
    /** @type {Judgement | null} the one that stands, whatever was broken off or only looked at after it */
    this.standing = null;
    /** @type {string | null} the one that went on while this page was open */
    this.followed = null;
    /** @type {Set<string>} `judgement/seed` of those that have no curves */
    this.empty = new Set();
    this.times = 0;
    this.busy = false;
    this.revealed = false;
    this.$('.reveal').addEventListener('click', () => this.reveal(!this.revealed));
    for (const button of this.#runs()) button.addEventListener('click', () => hooks.run(button.dataset.quick === 'true'));
    this.$('.cancel').addEventListener('click', () => hooks.cancel());
    this.seeds = one(this.root, '.seeds', HTMLDetailsElement);
    this.seeds.addEventListener('toggle', () => this.#sayRuns());
  }

  /**
   * One of its parts.
   * @template {Element} [T=HTMLElement] @param {string} selector @param {new () => T} [kind]
   */
  $(selector, kind) {
    return one(this.root, selector, kind);
  }

  #runs() {
    return all(this.root, '.run', HTMLButtonElement);
  }

  get going() {
    return Boolean(this.judgement && GOING.includes(this.judgement.status));
  }

  /** What its result tells of: what goes on or was just done, else what stands, else the newest. */
  get told() {
    const { judgement, standing } = this;
    const fresh = this.going || (judgement?.status === 'done' && judgement.id === this.followed);
    return fresh ? judgement : (standing ?? judgement);
  }

  /** Whether curves are still to be asked for. */
  get wantsCurves() {
    const { told } = this;
    return this.revealed && Boolean(told?.founds.some((found) => !found.curves.length && !this.empty.has(`${told.id}/${found.seed}`)));
  }

  /** @param {Judgement | null} judgement the newest @param {Judgement | null} standing @param {number} times @param {boolean} [curves] whether they came with both */
  take(judgement, standing, times, curves = false) {
    /** @param {...(Judgement | null)} several @returns {[string, Found][]} */
    const seeds = (...several) => several.flatMap((each) => (each ? each.founds.map((found) => /** @type {[string, Found]} */ ([`${each.id}/${found.seed}`, found])) : []));
    const held = new Map(seeds(this.judgement, this.standing).filter(([, found]) => found.curves.length));
    if (curves) this.empty = new Set(seeds(judgement, standing).filter(([, found]) => !found.curves.length).map(([key]) => key));
    else for (const [key, found] of seeds(judgement, standing)) found.curves = held.get(key)?.curves ?? [];
    [this.judgement, this.standing, this.times] = [judgement, standing, times];
    if (judgement && this.going) this.followed = judgement.id;
    this.say();
  }

  /** @param {boolean} revealed */
  reveal(revealed) {
    this.revealed = revealed;
    this.say();
    if (revealed) this.hooks.revealed();
  }

  /** @param {string | null} text */
  trouble(text) {
    this.$('.trouble').hidden = !text;
    if (this.$('.trouble').textContent !== (text ?? '')) this.$('.trouble').textContent = text ?? ''; // else it is read aloud again
  }

  /** Everything but the figure, from what is held. */
  say() {
    const { judgement } = this;
    const [cancel, reveal] = ['.cancel', '.reveal'].map((selector) => this.$(selector, HTMLButtonElement));
    for (const button of this.#runs()) button.disabled = this.busy || this.going;
    cancel.hidden = !this.going;
    cancel.disabled = this.busy;
    reveal.setAttribute('aria-expanded', String(this.revealed));
    reveal.textContent = this.revealed ? _('Hide what happened') : _('Show what happened');
    reveal.disabled = !judgement && !this.revealed;
    this.$('.times').textContent = this.#timesWord();
    this.#sayProgress();
    const ill = judgement && ['failed', 'cancelled', 'interrupted'].includes(judgement.status);
    this.trouble(ill ? reasonOf(judgement) : null);
    this.$('.result').hidden = !this.revealed || !judgement;
    if (judgement && this.revealed && this.told) this.#sayResult(this.told);
  }

  /** In one line, for who can't see it. */
  get sentence() {
    const { judgement, about } = this;
    if (!judgement) return '';
    if (this.going) return `${about.id}: ${progressWord(judgement)}`;
    if (judgement.status !== 'done') return `${about.id}: ${reasonOf(judgement)}`;
    const word = this.revealed ? `${outcomeWord(judgement.outcome)}. ${seedsWord(judgement)}` : _('done');
    return `${about.id}: ${word}`;
  }

  #timesWord() {
    if (!this.times) return _('not run yet');
    return this.times === 1 ? _('run once') : _('run {n} times', { n: integer(this.times) });
  }

  #sayProgress() {
    const { judgement } = this;
    this.$('.progress').hidden = !this.going;
    if (!judgement || !this.going) return;
    const bar = this.$('progress', HTMLProgressElement);
    bar.max = judgement.seeds.length;
    if (judgement.status === 'queued') bar.removeAttribute('value');
    else bar.value = judgement.founds.length;
    this.$('.progress-word').textContent = progressWord(judgement);
  }

  /** @param {Judgement} judgement */
  #sayResult(judgement) {
    const outcome = this.$('.outcome');
    const none = !judgement.founds.length;
    if (none) outcome.textContent = this.going ? _('The first seed is not done yet.') : _('No seed was done.');
    else {
      const word = document.createElement('b');
      word.textContent = outcomeWord(judgement.outcome);
      const sign = Object.assign(document.createElement('span'), { className: 'sign', textContent: judgement.outcome ? this.about.signs[judgement.outcome] : '' });
      sign.setAttribute('aria-hidden', 'true');
      const first = judgement.seeds[0];
      const seeds = _('Seeds {first} to {last}, {when}.', { first, last: judgement.seeds[judgement.seeds.length - 1], when: whenOf(judgement) });
      const quick = judgement.quick ? _('A quick look: the criterion asks for ten seeds.') : '';
      const partly = judgement.status === 'done' ? quick : _('So far only.');
      const words = [seeds, partly, this.#laterWord()].filter(Boolean).join(' ');
      const more = Object.assign(document.createElement('span'), { className: 'aside', textContent: ` ${words}` });
      outcome.replaceChildren(sign, ' ', word, `: ${seedsWord(judgement)}.`, more);
    }
    const drawn = judgement.founds.some((found) => found.curves.length);
    this.$('.drawn').hidden = none;
    this.plot.hidden = !drawn && !this.wantsCurves;
    drawKeys(this.$('.keys-of-figure'), judgement.founds, judgement.names);
    this.#sayNumbers(judgement);
    this.#sayRuns();
  }

  /** A quick look that is newer than the verdict that stands. */
  #laterWord() {
    const { judgement, told } = this;
    if (!judgement || judgement.id === told?.id || judgement.status !== 'done') return '';
    return _('A quick look after it: {outcome}, {seeds}.', { outcome: outcomeWord(judgement.outcome), seeds: seedsWord(judgement) });
  }

  /** @param {Judgement} judgement */
  #sayNumbers({ founds, names }) {
    const { bounds } = this.about;
    const others = [...new Set(founds.flatMap((found) => Object.keys(found.values)))].filter((name) => !bounds.some((bound) => bound.name === name));
    const over = (/** @type {string} */ name) => {
      const values = finite(founds.map((found) => found.values[name]));
      return values.length ? [shown(middle(values)), `${shown(Math.min(...values))} – ${shown(Math.max(...values))}`] : ['–', '–'];
    };
    const held = (/** @type {Bound} */ bound) => `${founds.filter((found) => holds(bound, found.values[bound.name])).length} / ${founds.length}`;
    const named = bounds.map((bound) => row([bound.label[language] ?? bound.label.en, limits(bound), ...over(bound.name), held(bound)]));
    this.$('.numbers tbody').replaceChildren(...named);
    this.$('.others').hidden = !others.length;
    this.$('.others tbody').replaceChildren(...others.map((name) => row([names[name] ?? name, ...over(name)])));
  }

  /** Made when it is opened: ten seeds of twelve arms are many links. */
  #sayRuns() {
    const { told } = this;
    if (!this.seeds.open || !told) return;
    const { bounds, arms } = this.about;
    const head = row([_('Seed'), _('Outcome of it'), ...bounds.map(({ label }) => label[language] ?? label.en), ...(arms.length ? [_('Open in the Lab')] : [])], 'th');
    this.$('.seeds thead').replaceChildren(head);
    this.$('.seeds tbody').replaceChildren(
      ...told.founds.map((found) => {
        const line = row([String(found.seed), found.passes ? _('passes') : _('does not pass'), ...bounds.map(({ name }) => shown(found.values[name]))]);
        const cell = Object.assign(document.createElement('td'), { className: 'runs' });
        for (const [arm, run] of Object.entries(told.runs[found.seed] ?? {})) {
          const link = Object.assign(document.createElement('a'), { href: at(`/#run=${encodeURIComponent(run)}`), textContent: told.names[arm] ?? arm });
          cell.append(link, ' ');
        }
        if (arms.length) line.append(cell);
        return line;
      }),
    );
  }

  /** @param {Colours} colour */
  draw(colour) {
    if (!this.revealed || this.plot.hidden || !this.told) return;
    const founds = this.told.founds.filter((found) => found.curves.length);
    if (founds.length) drawFounds(this.plot, founds, this.told.names, this.about, colour);
  }
}

/** @param {Judgement} judgement that goes on */
function progressWord({ status, founds, seeds }) {
  if (status === 'queued') return _('waits for its turn');
  return _('{done} of {total} seeds done', { done: founds.length, total: seeds.length });
}

/** Why there is no verdict. @param {Judgement} judgement */
function reasonOf({ status, reason }) {
  if (status === 'cancelled') return _('It was cancelled before all seeds were done.');
  if (status === 'interrupted') return _('The server ended while it ran. Run it again.');
  return _('It could not be judged: {reason}', { reason: reason ?? '' });
}

/** @param {Judgement} judgement */
const whenOf = ({ ended, created }) => new Date(1000 * (ended ?? created)).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });

/** @param {Outcome | null} outcome null: none yet */
export const outcomeWord = (outcome) => (outcome ? { shown: _('shown'), contradicted: _('contradicted'), inconclusive: _('inconclusive') }[outcome] : '');

/** @param {Judgement} judgement */
function seedsWord({ founds }) {
  return _('{passed} of {total} seeds pass', { passed: founds.filter((found) => found.passes).length, total: founds.length });
}

/** What a value must lie between. @param {Bound} bound */
function limits({ above, below, strict }) {
  if (above !== null && above === below) return `= ${brief(above)}`;
  const low = above === null ? '' : `${strict ? '>' : '≥'} ${brief(above)}`;
  const high = below === null ? '' : `${strict ? '<' : '≤'} ${brief(below)}`;
  return [low, high].filter(Boolean).join(', ');
}

/** @param {Bound} bound @param {Cell | undefined} value */
function holds({ above, below, strict }, value) {
  if (value === null || value === undefined) return false;
  return (above === null || (strict ? value > above : value >= above)) && (below === null || (strict ? value < below : value <= below));
}

/** @param {string[]} texts @param {'td' | 'th'} [kind] the first cell is its row's heading */
function row(texts, kind = 'td') {
  const line = document.createElement('tr');
  texts.forEach((text, i) => {
    const cell = document.createElement(kind === 'th' || i === 0 ? 'th' : 'td');
    if (cell.tagName === 'TH') cell.scope = kind === 'th' ? 'col' : 'row';
    cell.textContent = text;
    line.append(cell);
  });
  return line;
}
