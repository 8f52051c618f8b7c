/** The view of bias and variance: which capacity, which decomposition, and what was fitted there. */

import { Answer } from './answer.js';
import { asProblem, getDecomposition } from '../data/api.js';
import { drawDecomposition, tellDecomposition, termsOf } from '../charts/decomposition.js';
import { drawFits, heightsOf } from '../charts/fits.js';
import { drawHouseKeys } from '../charts/house.js';
import { placesOf } from '../charts/over_axis.js';
import { look } from '../form/controls.js';
import { $, around, make, maybe, moveOf, renew, sayTrouble, typed } from '../page/elements.js';
import { placeOf } from '../form/known.js';
import { axisTitle, labelAt, linesOf } from '../charts/study_layout.js';
import { _, integer, language } from '../page/texts.js';
import { colours } from '../page/theme.js';

/** @import { Axis, CellTerms, Decomposition, Study, Words } from '../data/wire.d.ts' */
/** @import { StudyPlace } from './study_place.js' */

/** @param {Words} words */
const said = (words) => words[language] ?? words.en ?? '';
const capacity = $('capacity', HTMLInputElement);

export class DecompositionView {
  /** @param {string} id @param {StudyPlace} place @param {import('../page/draw.js').Drawer} drawer */
  constructor(id, place, drawer) {
    this.id = id;
    this.place = place;
    this.drawer = drawer;
    this.colour = colours();
    /** @type {Study | null} */
    this.study = null;
    /** @type {Answer<Decomposition>} */
    this.answer = new Answer('decomposition-trouble');
    drawer.add({ id: 'decomposition', element: $('figure-decomposition'), draw: () => this.#draw() });
    drawer.add({ id: 'fits', element: $('figure-fits'), draw: () => this.#fits() });
    capacity.addEventListener('input', () => this.#look(Number(capacity.value)));
    $('view-decomposition').addEventListener('keydown', (event) => {
      const move = moveOf(event);
      if (move && !around(event, 'select, input')) this.#look(this.place.point + move);
    });
  }

  /** Whether the runs of a study share a test set. @param {Study} study */
  fits(study) {
    const split = look(study.base, 'data.split_seed');
    return ((split !== null && split !== undefined) || study.axes.some(({ path }) => path === 'data.split_seed')) && study.axes.length > 0;
  }

  /** What REST tells. */
  get told() {
    return this.answer.told;
  }

  /** @param {Study} study */
  async load(study) {
    this.study = study;
    const { kind, along } = this.place;
    if (!(await this.answer.ask(() => getDecomposition(this.id, { kind, axis: study.axes.some(({ path }) => path === along) ? along : '' })))) return;
    this.#say();
    this.drawer.mark('decomposition', 'fits');
  }

  /** The capacities of the line that is looked at, those alone that have a number where some have. */
  get rows() {
    /** @type {CellTerms[]} */
    const none = [];
    if (!this.told?.axis) return none;
    const lines = linesOf(this.told.by, this.told.axis.path);
    return lines[Math.min(this.place.lineAt, lines.length - 1)]?.cells ?? none;
  }

  get #about() {
    const { told } = this;
    return told?.kinds.find(({ kind }) => kind === told.kind);
  }

  /** @param {number} point */
  #look(point) {
    if (!this.told?.axis || !this.rows.length) return;
    this.place.point = Math.min(this.rows.length - 1, Math.max(0, point));
    this.place.remember();
    this.#sayCapacity(this.told, this.told.axis);
    this.drawer.mark('decomposition', 'fits');
  }

  #say() {
    const about = this.#about;
    const { told } = this;
    const none = !this.rows.some((row) => row.error !== null);
    $('decomposition-none').hidden = !told || !none;
    $('decomposition-drawn').hidden = none;
    $('decomposition-from').replaceChildren();
    this.#sayTools();
    if (none || !about || !told?.axis) return;
    $('decomposition-from').append(said(about.text), ' ', make('a', { href: about.source, rel: 'noreferrer external', textContent: about.by }), '. ', resampled(told.resample));
    tellDecomposition($('table-decomposition', HTMLTableElement), this.rows, termsOf(this.rows, about), this.#capacities(told.axis), axisTitle(told.axis));
    drawHouseKeys($('decomposition-key'), termsOf(this.rows, about).map(({ word, tone, dash }) => ({ name: word, tone, dash })));
    capacity.max = String(this.rows.length - 1);
    this.#sayCapacity(told, told.axis);
  }

  #sayTools() {
    const { told } = this;
    const kinds = told && told.kinds.length > 1 ? told.kinds : [];
    const says = [kinds.map(({ kind }) => kind), told?.axis, told?.kind, this.place.log, this.place.lineAt];
    const { activeElement } = document;
    const held = activeElement instanceof HTMLElement && activeElement.closest('#decomposition-tools') && activeElement.dataset.tool;
    renew($('decomposition-tools'), says, () => [
      ...this.#axes(),
      ...kinds.map(({ kind, label }) => make('button', { type: 'button', className: 'tool', textContent: said(label), data: { tool: kind }, attributes: { 'aria-pressed': String(kind === told?.kind) }, onclick: () => this.#ask({ kind }) })),
      make('button', { type: 'button', className: 'tool', textContent: _('log axis'), data: { tool: 'log' }, attributes: { 'aria-pressed': String(this.place.log) }, onclick: () => this.#ask({ log: !this.place.log }, false) }),
    ]);
    if (held) maybe($('decomposition-tools'), `[data-tool="${CSS.escape(held)}"]`)?.focus();
  }

  /** With several axes: along which, and where the others are held. */
  #axes() {
    const { told, study } = this;
    const axis = told?.axis;
    if (!axis || !study || study.axes.length < 2) return [];
    const along = make('select', { data: { tool: 'along' }, onchange: (event) => this.#ask({ along: typed(event), lineAt: 0, point: 0 }) }, ...study.axes.map((one) => new Option(axisTitle(one), one.path, false, one.path === axis.path)));
    const lines = linesOf(told.by, axis.path);
    const at = make('select', { data: { tool: 'at' }, onchange: (event) => this.#ask({ lineAt: Number(typed(event)) }, false) }, ...lines.map(({ values }, i) => new Option(placeOf(values), String(i), false, i === this.place.lineAt)));
    return [make('label', {}, make('span', { textContent: _('Capacity') }), along), make('label', {}, make('span', { textContent: _('At') }), at)];
  }

  /** @param {Partial<StudyPlace>} wanted @param {boolean} [anew] whether REST is asked again */
  async #ask(wanted, anew = true) {
    Object.assign(this.place, wanted);
    this.place.remember();
    if (anew && this.study) await this.load(this.study).catch((caught) => sayTrouble(asProblem(caught).message, 'decomposition-trouble'));
    else this.#say();
    this.drawer.mark('decomposition', 'fits');
  }

  /** @param {Axis} axis */
  #capacities(axis) {
    return this.rows.map((row) => labelAt({ path: axis.path, values: [row.capacity] }, 0));
  }

  get #point() {
    return Math.min(this.place.point, this.rows.length - 1);
  }

  /** @param {Decomposition} told @param {Axis} axis */
  #sayCapacity({ curves }, axis) {
    const word = `${axisTitle(axis)} ${this.#capacities(axis)[this.#point] ?? ''}`;
    capacity.value = String(this.#point);
    capacity.style.setProperty('--at', `${(100 * this.#point) / Math.max(1, this.rows.length - 1)}%`);
    capacity.setAttribute('aria-valuetext', word);
    $('capacity-word').textContent = word;
    $('fits').hidden = !curves;
    const drawn = curves?.by.find(({ cell }) => cell === this.rows[this.#point]?.cell);
    $('fits-title').textContent = curves ? _('What did {n} runs fit at {capacity}?', { n: integer(drawn?.runs.length ?? 0), capacity: word }) : '';
  }

  #draw() {
    const { told } = this;
    if (!told?.axis || !this.rows.some((row) => row.error !== null)) return;
    const places = placesOf({ path: told.axis.path, values: this.rows.map((row) => row.capacity) });
    /** @type {Record<string, string>} */
    const units = { squared: _('squared error'), cross_entropy: _('nats'), zero_one: _('share that is wrong') };
    drawDecomposition($('figure-decomposition'), this.rows, termsOf(this.rows, this.#about), told.axis, places, this.#point, this.colour, units[told.kind ?? ''] ?? '', this.place.log);
    this.#listen();
  }

  /** A point of the figure is a capacity to look at. */
  #listen() {
    /** @type {PlotlyElement} */
    const figure = $('figure-decomposition');
    if (figure.dataset.listening || !figure.on) return;
    figure.dataset.listening = 'yes';
    figure.on('plotly_click', ({ points }) => points[0] && this.#look(points[0].pointNumber));
  }

  #fits() {
    const curves = this.told?.curves;
    if (!curves) return;
    drawFits($('figure-fits'), curves, curves.by.find(({ cell }) => cell === this.rows[this.#point]?.cell), heightsOf(curves), this.colour);
    drawHouseKeys($('fits-key'), [{ name: _('one run each'), tone: 'series-a' }, { name: _('their mean'), tone: 'series-b' }, ...(curves.truth ? [{ name: _('the truth'), tone: 'ink', dash: 'dash' }] : [])]);
  }
}

/** What differs between the runs of a capacity. @param {string} resample */
function resampled(resample) {
  if (resample === 'none') return _('All runs have the same training set: only initialisation and order vary.');
  /** @type {Record<string, string>} */
  const words = { bootstrap: _('Each run drew its training set with replacement.'), subsample: _('Each run drew a part of the training set.'), fresh: _('Each run drew a training set of its own.') };
  return words[resample] ?? '';
}
