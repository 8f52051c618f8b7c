/** Small multiples: a canvas a cell with the band over its seeds, axes shared by all. Thirty are drawn in a few milliseconds. */

import { all, make } from '../page/elements.js';
import { placeOf, seriesWord } from '../form/known.js';
import { axisTitle, labelAt, layoutOf, reasonOf } from './study_layout.js';
import { _, integer, shown } from '../page/texts.js';
import { finite, veil } from './house.js';
import { brush, scaleOf, tickWord } from './ticks.js';

/** @import { Band, Bands, Cell, Study, StudyCell } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Layout } from './study_layout.js' */
/** @import { Scale } from './ticks.js' */

const LEAST = { width: 104, height: 58 };
const AXIS = 44;
const CUT = 4; // a figure isn't squeezed by what is so many times higher than what most of it shows

/** @typedef {{series: string, line: 'mean' | 'median', band: string, log: boolean, cell: number | null, held: number[]}} Look */
/** @typedef {{x: [number, number], y: [number, number], cut: boolean}} Frame the axes; `cut`: values run out of them */
/** @typedef {'q10' | 'q90' | 'low' | 'high'} Edge of a band */
/** @typedef {{step: number[], line: Cell[], bands: Cell[][][]}} Drawn */
/** @typedef {HTMLCanvasElement & {drawn?: Drawn | null}} Canvas `drawn`: for who reads it */
/** @typedef {{left: number, width: number, height: number}} Area of a canvas */
/** @typedef {[number, number]} Point */

export class Multiples {
  /** @param {HTMLElement} element @param {(cell: StudyCell) => void} choose */
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    /** @type {Map<number, {button: HTMLButtonElement, canvas: Canvas, word: HTMLElement, after: HTMLElement}>} by cell */
    this.made = new Map();
    /** @type {(() => void) | undefined} */
    this.redraw = undefined;
    this.shape = '';
    /** @type {Frame | undefined} */
    this.frame = undefined;
    new ResizeObserver(() => this.redraw?.()).observe(element);
  }

  /** @param {Study} study @param {Bands} bands @param {Look} look @param {Colours} colour */
  draw(study, bands, look, colour) {
    this.redraw = () => this.draw(study, bands, look, colour);
    if (!this.element.clientWidth) return;
    const layout = layoutOf(study, look.held);
    const columns = this.#columnsOf(layout, study);
    const shape = JSON.stringify([study.axes, study.cells.map(({ refused }) => refused), layout.others.map(({ index }) => index), columns]);
    if (shape !== this.shape) this.#build(layout, columns);
    this.shape = shape;
    const held = new Map(bands.cells.map((cell) => [cell.index, cell]));
    const shownCells = [...this.made.keys()].map((index) => held.get(index)).filter((band) => band !== undefined);
    const frame = frameOf(shownCells, look);
    this.frame = frame;
    for (const index of this.made.keys()) this.#cell(study.cells[index], held.get(index), look, frame, colour);
    for (const canvas of all(this.element, '.y-axis', HTMLCanvasElement)) yAxis(canvas, frame, look.log, colour);
    for (const canvas of all(this.element, '.x-axis', HTMLCanvasElement)) xAxis(canvas, frame, colour);
  }

  /** Whether values run out of the figure, and above which. */
  get cut() {
    return this.frame?.cut ? this.frame.y[1] : null;
  }

  /** With one axis the cells follow each other in lines; with two they stand where both axes say. @param {Layout} layout @param {Study} study */
  #columnsOf({ rows, columns }, study) {
    const n = columns?.values.length ?? 1;
    const room = Math.max(1, Math.floor((this.element.clientWidth - AXIS) / 210));
    return rows || !study.axes.length ? n : Math.min(n, Math.max(2, Math.min(6, room)));
  }

  /** @param {Layout} layout @param {number} perLine */
  #build(layout, perLine) {
    this.made.clear();
    const { rows, columns, at } = layout;
    const n = columns?.values.length ?? 1;
    const lines = rows ? rows.values.length : Math.ceil(n / perLine);
    const table = make('table', { className: 'multiples' });
    table.style.setProperty('--columns', String(perLine));
    table.style.setProperty('--cell-height', `${this.#heightOf(lines)}px`);
    if (rows && columns) {
      const corner = make('td', { className: 'corner' }, make('span', {}, `${axisTitle(rows)} ↓`), make('span', {}, `${axisTitle(columns)} →`));
      table.append(make('thead', {}, make('tr', {}, corner, ...columns.values.map((_value, i) => make('th', { scope: 'col', textContent: labelAt(columns, i) })))));
    }
    const body = make('tbody');
    for (let row = 0; row < lines; row++) {
      const head = make('th', { scope: 'row' }, make('span', { className: 'row-word', textContent: rows ? labelAt(rows, row) : '' }), make('canvas', { className: 'y-axis', attributes: { 'aria-hidden': 'true' } }));
      const line = make('tr', {}, head);
      for (let column = 0; column < perLine; column++) {
        const index = rows ? column : row * perLine + column;
        const cell = index < n ? at(row, index) : undefined;
        line.append(make('td', {}, ...(cell ? this.#make(cell, rows || !columns ? '' : `${axisTitle(columns)} ${labelAt(columns, index)}`) : [])));
      }
      body.append(line);
    }
    const foot = make('tr', {}, make('td', { className: 'corner foot', textContent: _('step') }), ...Array.from({ length: perLine }, () => make('td', {}, make('canvas', { className: 'x-axis', attributes: { 'aria-hidden': 'true' } }))));
    table.append(body, make('tfoot', {}, foot));
    this.element.replaceChildren(table);
  }

  /** So high that the whole grid is seen at once, where that is possible. @param {number} lines */
  #heightOf(lines) {
    const room = innerHeight - Math.max(0, this.element.getBoundingClientRect().top + scrollY) - 84;
    return Math.round(Math.min(200, Math.max(LEAST.height, room / lines - 26)));
  }

  /** @param {StudyCell} cell @param {string} title */
  #make(cell, title) {
    /** @type {Canvas} */
    const canvas = make('canvas', { attributes: { 'aria-hidden': 'true' } });
    const [before, word, after] = ['sr-only', 'cell-word', 'sr-only'].map((className) => make('span', { className }));
    const button = make('button', { type: 'button', className: 'cell', data: { cell: String(cell.index) }, onclick: () => this.choose(cell) });
    before.textContent = `${placeOf(cell.values) || _('all runs')}: `;
    button.append(...(title ? [make('span', { className: 'cell-title', textContent: title })] : [before]));
    if (cell.refused) {
      button.classList.add('hole');
      button.title = reasonOf(cell);
      button.append(make('span', { className: 'hole-reason' }, make('b', { textContent: `✕ ${_('refused')} ` }), reasonOf(cell)));
    } else button.append(canvas, word, after);
    this.made.set(cell.index, { button, canvas, word, after });
    return [button];
  }

  /** @param {StudyCell} cell @param {Band | undefined} band @param {Look} look @param {Frame} frame @param {Colours} colour */
  #cell(cell, band, look, frame, colour) {
    const made = this.made.get(cell.index);
    if (!made) return;
    const { button, canvas, word, after } = made;
    button.setAttribute('aria-pressed', String(look.cell === cell.index));
    if (cell.refused) return;
    const told = band?.step.length ? band : null;
    const last = told ? told.step.length - 1 : -1;
    const n = told ? Math.max(...told.n) : 0;
    const seeds = _('{n} of {total} seeds', { n: integer(n), total: integer(cell.runs.length) });
    word.replaceChildren(make('b', { textContent: told ? shown(told[look.line][last]) : '–' }), ` ${seeds}`);
    const when = told ? _('{series} at step {step}', { series: seriesWord(look.series), step: integer(told.step[last]) }) : _('no point yet');
    after.textContent = ` ${when}`;
    canvas.drawn = paint(canvas, band, look, frame, colour);
  }
}

/** The columns of a band that are shown. @param {string} band */
function bandsOf(band) {
  /** @type {[Edge, Edge, number][]} low, high, how dark */
  const found = [];
  if (band === 'both' || band === 'quantiles') found.push(['q10', 'q90', 0.16]);
  if (band === 'both' || band === 'boot') found.push(['low', 'high', 0.3]);
  return found;
}

/** The axes that all cells share. @param {Band[]} cells @param {Look} look @returns {Frame} */
export function frameOf(cells, look) {
  const names = [look.line, ...bandsOf(look.band).flatMap(([low, high]) => [low, high])];
  const values = finite(cells.flatMap((cell) => names.flatMap((name) => cell[name]))).filter((value) => !look.log || value > 0).sort((a, b) => a - b);
  /** @type {[number, number]} */
  const x = [0, Math.max(1, ...cells.map((cell) => cell.step.at(-1) ?? 0))];
  if (!values.length) return { x, y: look.log ? [0.1, 1] : [0, 1], cut: false };
  const [low, high] = [values[0], values[values.length - 1]];
  if (look.log) return { x, y: [low / 1.15, high * 1.15], cut: false };
  const most = values[Math.floor(0.9 * (values.length - 1))];
  const cut = high > CUT * most && most > 0;
  const top = (cut ? 1.5 * most : high) || 1;
  return { x, y: [Math.min(0, low), top + 0.04 * (top - Math.min(0, low))], cut };
}

/** @param {HTMLCanvasElement} canvas */
function sized(canvas) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = brush(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  return { context, width: canvas.clientWidth, height: canvas.clientHeight };
}

/**
 * A cell's band and line. @param {HTMLCanvasElement} canvas @param {Band | undefined} band @param {Look} look @param {Frame} frame @param {Colours} colour
 * @param {{left: number, bottom: number}} [margin] room for ticks, where it has axes of its own
 * @returns {Drawn | null} what is drawn
 */
export function paint(canvas, band, look, frame, colour, margin = { left: 0, bottom: 0 }) {
  const { context, width, height } = sized(canvas);
  if (!width) return null;
  const area = { left: margin.left, width: width - margin.left - 1, height: height - margin.bottom };
  const [across, up] = [scaleOf(...frame.x, false, 3), scaleOf(...frame.y, look.log, 4)];
  const x = (/** @type {number} */ step) => area.left + across.place(step) * area.width;
  const y = (/** @type {number} */ value) => (1 - up.place(value)) * area.height;
  context.lineWidth = 1;
  context.strokeStyle = colour.rule;
  for (const tick of up.ticks) stroke(context, [[area.left, Math.round(y(tick)) + 0.5], [area.left + area.width, Math.round(y(tick)) + 0.5]]);
  if (margin.left) words(context, across, up, { x, y, area, height }, look.log, colour);
  if (!band?.step.length) return null;
  context.save();
  context.beginPath();
  context.rect(area.left, 0, area.width + 1, area.height);
  context.clip();
  /** @param {Cell[]} column @returns {(Point | null)[]} null where there is no value, or none that the axis has a place for */
  const placed = (column) => band.step.map((step, i) => {
    const value = column[i] ?? null;
    return value !== null && (!look.log || value > 0) ? [x(step), y(value)] : null;
  });
  for (const [low, high, dark] of bandsOf(look.band)) {
    context.fillStyle = veil(colour['series-a'], dark);
    const [below, above] = [placed(band[low]), placed(band[high])];
    const both = below.flatMap((bottom, i) => {
      const top = above[i];
      return bottom && top ? [{ bottom, top }] : [];
    });
    context.beginPath();
    for (const { top } of both) context.lineTo(...top);
    for (const { bottom } of both.toReversed()) context.lineTo(...bottom);
    context.fill();
  }
  context.strokeStyle = colour['series-a'];
  context.lineWidth = 2;
  context.lineJoin = 'round';
  const points = placed(band[look.line]);
  stroke(context, points);
  const held = points.filter((point) => point !== null);
  if (held.length === 1) context.fillRect(held[0][0] - 2, held[0][1] - 2, 4, 4);
  context.restore();
  return { step: band.step, line: band[look.line], bands: bandsOf(look.band).map(([low, high]) => [band[low], band[high]]) };
}

/** @param {CanvasRenderingContext2D} context @param {(Point | null)[]} points null: a gap */
function stroke(context, points) {
  context.beginPath();
  let down = false;
  for (const point of points) {
    if (point && down) context.lineTo(...point);
    else if (point) context.moveTo(...point);
    down = Boolean(point);
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context @param {Scale} across @param {Scale} up
 * @param {{x: (step: number) => number, y: (value: number) => number, area: Area, height: number}} places @param {boolean} log @param {Colours} colour
 */
function words(context, across, up, { x, y, area, height }, log, colour) {
  context.fillStyle = colour.muted;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const tick of up.ticks) context.fillText(tickWord(tick, log), area.left - 6, Math.min(area.height - 5, Math.max(6, y(tick))));
  context.textBaseline = 'bottom';
  for (const [i, tick] of across.ticks.entries()) {
    context.textAlign = i === 0 ? 'left' : 'right';
    context.fillText(tickWord(tick), i === 0 ? x(tick) : Math.min(x(tick) + 8, area.left + area.width), height);
  }
}

/** @param {HTMLCanvasElement} canvas @param {Frame} frame @param {boolean} log @param {Colours} colour */
function yAxis(canvas, frame, log, colour) {
  const { context, width, height } = sized(canvas);
  const { place, ticks } = scaleOf(...frame.y, log, 4);
  Object.assign(context, { fillStyle: colour.muted, textAlign: 'right', textBaseline: 'middle' });
  for (const tick of ticks) context.fillText(tickWord(tick, log), width - 5, Math.min(height - 6, Math.max(6, (1 - place(tick)) * height)));
}

/** @param {HTMLCanvasElement} canvas @param {Frame} frame @param {Colours} colour */
function xAxis(canvas, frame, colour) {
  const { context, width, height } = sized(canvas);
  const { place, ticks } = scaleOf(...frame.x, false, width > 150 ? 3 : 2);
  Object.assign(context, { fillStyle: colour.muted, textBaseline: 'middle' });
  for (const tick of ticks) {
    context.textAlign = place(tick) < 0.05 ? 'left' : place(tick) > 0.9 ? 'right' : 'center';
    context.fillText(tickWord(tick), place(tick) * (width - 1), height / 2);
  }
}
