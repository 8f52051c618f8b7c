/** The four figures: what each is drawn from, its read-out, its table for screen readers, zoom and size. */

import { activations } from '../charts/activations.js';
import { curves } from '../charts/curves.js';
import { hasNorm, norm, questionOf } from '../charts/norm.js';
import { stepsOf } from '../charts/plot.js';
import { Cursor } from './cursor.js';
import { flagsOf } from '../charts/flags.js';
import { $, all, make, one } from '../page/elements.js';
import { _, integer } from '../page/texts.js';

/** @import { Bins, Fitted, Matrices, Table, Visits } from '../data/wire.d.ts' */
/** @import { Run } from '../data/runs.js' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Chart, LabView, Past, Reading } from '../charts/plot.js' */
/** @typedef {'loss' | 'accuracy' | 'fitted' | 'activations' | 'norm'} FigureId */

/* global Plotly */

const TABLE_EVERY = 1000; // ms: a screen reader's table need not change ten times a second

export class Figures {
  /**
   * @param {import('../page/draw.js').Drawer} drawer
   * @param {{bins: Bins}} catalogue
   * @param {LabView[]} views what the third figure can show, in order
   * @param {{current: () => Run | undefined, previous: () => Run | undefined, beside: () => {run: Run, colour: string}[], tone: () => string | undefined,
   *   fittedAt: (id: string, step: number) => Promise<{function: Fitted | null}>, matrixAt: (id: string, name: keyof Matrices, step: number) => Promise<Table | Visits>,
   *   seen: () => void, layer: () => string | null, title: (path: string) => string, colour: () => Colours}} view
   */
  constructor(drawer, catalogue, views, view) {
    this.drawer = drawer;
    this.view = view;
    /** @type {[number, number] | null} what a person has zoomed to */
    this.zoom = null;
    this.logLoss = false;
    this.views = views;
    this.third = views[0];
    /** @type {Record<FigureId, Chart>} */
    this.charts = { loss: curves('loss'), accuracy: curves('accuracy'), fitted: this.third, activations: activations(catalogue.bins), norm };
    /** @type {Partial<Record<FigureId, number>>} when each was last written */
    this.tables = {};
    this.asking = 0;
    this.cursor = new Cursor(() => this.#moved());
    /** @type {Past | null} what was fitted at the cursor's step, once it has come */
    this.past = null;
    for (const id of this.#ids()) this.#install(id);
    $('log-loss').addEventListener('click', () => this.#log());
    $('views').append(...views.map((one) => make('button', { type: 'button', className: 'tool', textContent: one.label(), data: { view: one.name }, attributes: { 'aria-pressed': String(one === this.third) }, onclick: () => this.#show(one) })));
  }

  #ids() {
    return /** @type {FigureId[]} */ (Object.keys(this.charts));
  }

  /** @param {FigureId} id */
  #install(id) {
    const element = $(`figure-${id}`);
    this.cursor.add(element, () => !this.charts[id].still);
    this.drawer.add({ id, element, draw: () => this.#draw(id, element), after: () => this.#after(id, element) });
  }

  /** @param {FigureId} id @param {PlotlyElement} element */
  async #draw(id, element) {
    const [run, previous] = [this.view.current(), this.view.previous()];
    const shown = [run, previous, ...this.view.beside().map((b) => b.run)].filter((one) => one !== undefined);
    const drawn = this.charts[id].draw({
      element, run, previous, beside: this.view.beside(), tone: this.view.tone(), past: this.past, layer: this.view.layer(), colour: this.view.colour(), range: this.zoom ?? stepsOf(shown),
      flags: flagsOf(run, this.view.title), diverged: run?.record.status === 'diverged' ? run.step : null, log: id === 'loss' && this.logLoss,
    });
    if (!element.dataset.listening) {
      element.dataset.listening = 'yes';
      element.on?.('plotly_relayout', (change) => this.charts[id].still || this.#zoomed(change));
      element.on?.('plotly_doubleclick', () => this.charts[id].still || this.#zoomed({}));
      new ResizeObserver(() => element.clientHeight > 0 && Plotly.Plots.resize(element)).observe(element);
    }
    await drawn;
  }

  /** @param {FigureId} id @param {PlotlyElement} element */
  #after(id, element) {
    this.cursor.place(element);
    this.#readout(id);
  }

  /** One zoom for all figures; a double click ends it. @param {PlotlyEvents['plotly_relayout']} change none: it is over */
  #zoomed(change) {
    const from = change['xaxis.range[0]'];
    const to = change['xaxis.range[1]'];
    if (from === undefined && Object.keys(change).length) return;
    this.zoom = from === undefined || to - from < 1 ? null : [Math.max(0, from), to];
    this.drawer.mark();
  }

  /** What the third figure shows from now on. @param {LabView} view */
  #show(view) {
    this.charts.fitted = this.third = view;
    this.past = null;
    for (const button of all($('views'), 'button')) button.setAttribute('aria-pressed', String(button.dataset.view === view.name));
    this.view.seen();
    this.drawer.mark('fitted');
    this.#moved();
  }

  /** The matrices that are drawn. */
  get matrices() {
    return this.third.matrices;
  }

  /** Another run is shown: the cursor stays at its step, and asks for what that run had fitted then. */
  resetZoom() {
    this.zoom = this.past = null;
    this.#moved();
  }

  #log() {
    this.logLoss = !this.logLoss;
    $('log-loss').setAttribute('aria-pressed', String(this.logLoss));
    this.drawer.mark('loss');
  }

  /** The cursor was moved: read-outs at once, what was fitted then as soon as the server has told it. */
  #moved() {
    this.#readouts();
    clearTimeout(this.asking);
    const [run, step] = [this.view.current(), this.cursor.step];
    const chart = this.third;
    const { past } = chart;
    if (step === null || !run || !past) {
      if (this.past) this.drawer.mark('fitted');
      this.past = null;
      return;
    }
    this.asking = setTimeout(async () => {
      const asked = past({ function: () => this.view.fittedAt(run.id, step), matrix: (name) => this.view.matrixAt(run.id, name, step) });
      const found = await asked.catch(() => null);
      if (chart !== this.third) return;
      if (!found || this.cursor.step !== step || run !== this.view.current()) return;
      this.past = found;
      this.drawer.mark('fitted');
    }, 120);
  }

  #readouts() {
    for (const id of this.#ids()) this.#readout(id);
  }

  /** @param {FigureId} id */
  #readout(id) {
    const run = this.view.current();
    const layer = this.view.layer();
    const readings = run ? this.charts[id].read(run, this.cursor.step, this.view.colour(), layer, this.past, this.view.tone()) : [];
    const line = $(`readout-${id}`);
    const parts = readings.map(entry);
    if (this.cursor.step !== null && readings.length && !this.charts[id].still) parts.unshift(entry({ name: _('step'), value: integer(readings[0].step ?? this.cursor.step) }));
    line.replaceChildren(...parts);
    this.#say(id, run, layer);
    this.#table(id, readings);
  }

  /** What stands beside a figure in words: its layer, what is not finite, that nothing is there yet. @param {FigureId} id @param {Run | undefined} run @param {string | null} layer */
  #say(id, run, layer) {
    const note = this.charts[id].note?.(run, layer) ?? '';
    $(`note-${id}`).textContent = note;
    $(`note-${id}`).hidden = !note;
    const about = one($(`card-${id}`), '.card-about');
    if (id === 'activations') about.textContent = layer ? _('{layer}, training mode', { layer }) : '';
    if (id === 'fitted') $('title-fitted').textContent = this.third.question(run, this.past);
    if (id === 'norm') {
      const own = hasNorm(run, layer);
      about.textContent = layer && own ? layer : '';
      $('title-norm').textContent = questionOf(run, layer);
    }
  }

  /** @param {FigureId} id @param {Reading[]} readings */
  #table(id, readings) {
    const now = performance.now();
    if (now - (this.tables[id] ?? -Infinity) < TABLE_EVERY) return;
    this.tables[id] = now;
    const rows = readings.filter((r) => r.value).map(({ name, long, value, step }) => {
      const row = document.createElement('tr');
      for (const text of [long ?? name, step === undefined ? '' : integer(step), value]) row.insertCell().textContent = text;
      return row;
    });
    $(`table-${id}`, HTMLTableElement).tBodies[0].replaceChildren(...rows);
  }
}

/** @param {Reading} reading */
function entry({ name, long, value, colour, dashed }) {
  const item = document.createElement('span');
  if (long) item.title = long;
  if (colour) {
    const swatch = document.createElement('i');
    swatch.style.color = colour;
    if (dashed) swatch.className = 'dashed';
    item.append(swatch);
  }
  const number = document.createElement('b');
  number.textContent = value;
  item.append(name, number);
  return item;
}
