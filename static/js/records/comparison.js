/** The runs that were chosen to stand side by side: a colour and a dash of its own each, and their curves in one figure. */

import { asProblem, getRun, getSeries } from '../data/api.js';
import { DASHES, TONES, drawHouseKeys } from '../charts/house.js';
import { drawCompare, readCompare } from '../charts/compare.js';
import { $, all, line, make, sayTrouble } from '../page/elements.js';
import { seriesWord } from '../form/known.js';
import { ACTIVE } from '../data/runs.js';
import { plotly } from '../page/plotly.js';
import { _, shown } from '../page/texts.js';
import { colours } from '../page/theme.js';
import { Throttle } from '../page/throttle.js';

const SERIES = ['val/loss', 'val/accuracy', 'train/loss'];
const MOST = TONES.length * DASHES.length;
const POINTS = 500;

/** @import { RunRecord, SeriesColumns } from '../data/wire.d.ts' */
/** @typedef {{run: RunRecord, place: number, series: SeriesColumns | null, stale: boolean}} Chosen `place`: of its colour and dash */

export class Comparison {
  /** @param {() => void} changed another set of runs is chosen, or another view of them */
  constructor(changed) {
    this.changed = changed;
    /** @type {Map<string, Chosen>} by run */
    this.chosen = new Map();
    /** @type {string[]} runs that the address names and that could not be asked for yet */
    this.unread = [];
    this.name = SERIES[0];
    this.log = false;
    this.fetching = new Throttle(() => this.#fetch(), 1000);
    $('compare-series').append(...SERIES.map((name) => make('button', { type: 'button', className: 'tool', textContent: seriesWord(name), data: { series: name }, onclick: () => this.#look(name) })));
    $('compare-log').addEventListener('click', () => {
      this.log = !this.log;
      this.changed();
      this.draw();
    });
    this.#say();
  }

  get size() {
    return this.chosen.size;
  }

  get ids() {
    return [...this.chosen.keys()];
  }

  get hasRoom() {
    return this.size < MOST;
  }

  /** What the page's address says of it. */
  get place() {
    return { compare: [...this.ids, ...this.unread].join(','), series: this.size && this.name !== SERIES[0] ? this.name : '', log: this.size && this.log ? '1' : '' };
  }

  /** @param {string} id */
  toneOf(id) {
    const one = this.chosen.get(id);
    return one && TONES[one.place % TONES.length];
  }

  /** @param {string} id @param {RunRecord | undefined} run */
  toggle(id, run) {
    if (this.chosen.has(id)) this.chosen.delete(id);
    else if (run && this.hasRoom) this.#add(run);
    this.#reshow();
  }

  /** @param {string[]} [ids] none: all of them */
  forget(ids = this.ids) {
    for (const id of ids) this.chosen.delete(id);
    this.#reshow();
  }

  /** Something changed: runs that go on are asked for anew, those of this page are told. @param {RunRecord[]} runs */
  refresh(runs) {
    for (const run of runs) {
      const one = this.chosen.get(run.id);
      if (one) [one.run, one.stale] = [run, one.stale || one.run.step !== run.step || one.run.status !== run.status];
    }
    if (this.unread.length) this.#read(this.unread);
    for (const one of this.chosen.values()) if (ACTIVE.includes(one.run.status)) one.stale = true;
    if ([...this.chosen.values()].some(({ stale }) => stale)) this.fetching.soon();
  }

  /** @param {URLSearchParams} place */
  async recall(place) {
    const ids = (place.get('compare') ?? '').split(',').filter(Boolean).slice(0, MOST);
    this.name = SERIES.find((name) => name === place.get('series')) ?? this.name;
    this.log = place.get('log') === '1';
    for (const id of this.ids) if (!ids.includes(id)) this.chosen.delete(id);
    await this.#read(ids.filter((id) => !this.chosen.has(id)));
  }

  /** A run that is gone is left out; one that could not be asked for is asked for again later. @param {string[]} ids */
  async #read(ids) {
    this.unread = [];
    const asked = await Promise.allSettled(ids.map((id) => getRun(id)));
    asked.forEach((answer, i) => {
      if (answer.status === 'rejected') {
        if (asProblem(answer.reason).status !== 404) this.unread.push(ids[i]);
      } else if (!this.chosen.has(answer.value.id)) this.#add(answer.value);
    });
    this.#reshow();
  }

  /** @param {RunRecord} run */
  #add(run) {
    const taken = new Set([...this.chosen.values()].map(({ place }) => place));
    let place = 0;
    while (taken.has(place)) place++;
    this.chosen.set(run.id, { run, place, series: null, stale: true });
  }

  #reshow() {
    this.changed();
    $('comparison').hidden = !this.size;
    if (this.size) this.fetching.soon(0);
    this.draw();
  }

  /** @param {string} name of a series */
  #look(name) {
    this.name = name;
    for (const one of this.chosen.values()) Object.assign(one, { stale: true, series: null });
    this.#say();
    this.#reshow();
  }

  async #fetch() {
    const { name } = this;
    /** @type {string | null} */
    let trouble = null;
    await Promise.all([...this.chosen.values()].filter(({ stale }) => stale).map(async (one) => {
      one.stale = false;
      try {
        if (ACTIVE.includes(one.run.status)) one.run = await getRun(one.run.id);
        const told = await getSeries(one.run.id, name, POINTS);
        if (name === this.name) one.series = told.series[0] ?? null;
      } catch (caught) {
        const problem = asProblem(caught);
        if (problem.status === 404) return; // deleted: what is drawn of it stays
        one.stale = true;
        trouble = problem.message;
      }
    }));
    sayTrouble(trouble, 'trouble', 'compare');
    this.draw();
  }

  #say() {
    for (const button of all($('compare-series'), 'button')) button.setAttribute('aria-pressed', String(button.dataset.series === this.name));
    $('compare-log').setAttribute('aria-pressed', String(this.log));
  }

  /** @param {import('../page/theme.js').Colours} [colour] */
  async draw(colour = colours()) {
    this.#say();
    if (!this.size) return;
    const compared = [...this.chosen.values()].map(({ run, place, series }) => ({ run, series, tone: TONES[place % TONES.length], dash: DASHES[Math.floor(place / TONES.length)] }));
    drawHouseKeys($('compare-keys'), compared.map(({ run, tone, dash }) => ({ name: run.name || run.id.slice(0, 8), tone, dash })));
    await plotly;
    const drawn = drawCompare($('figure-compare'), compared, this.name, this.log, colour);
    $('compare-none').hidden = drawn > 0 || compared.some(({ series }) => series === null && this.fetching.going);
    $('table-compare', HTMLTableElement).tBodies[0].replaceChildren(...readCompare(compared).map(([name, step, value]) => line([name, step, shown(value)])));
  }
}
