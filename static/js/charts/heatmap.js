/** A final value over two axes: a table, so that every number can be read, by eye and by ear, on a ground of its colour. */

import { make, maybe } from '../page/elements.js';
import { placeOf, seriesWord } from '../form/known.js';
import { axisTitle, labelAt, layoutOf, reasonOf } from './study_layout.js';
import { _, integer, shown } from '../page/texts.js';
import { brush } from './ticks.js';
import { CIVIDIS, finite } from './house.js';

/** @import { Final, Study, StudyCell } from '../data/wire.d.ts' */
/** @typedef {{final: string, middle: 'mean' | 'median', logColours: boolean, cell: number | null, held: number[]}} Look */

const RGB = CIVIDIS.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/** @param {number} share from 0 to 1 @returns {number[]} red, green, blue */
export function cividis(share) {
  const place = Math.min(1, Math.max(0, share)) * (RGB.length - 1);
  const i = Math.min(RGB.length - 2, Math.floor(place));
  return RGB[i].map((low, k) => Math.round(low + (place - i) * (RGB[i + 1][k] - low)));
}

/** @param {number[]} rgb */
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);

/** Black or white, whichever is read better on a ground: always at least 4.5 to 1. @param {number[]} ground */
export const inkOn = (ground) => ((light(ground) + 0.05) / 0.05 >= 1.05 / (light(ground) + 0.05) ? '#000000' : '#ffffff');

/**
 * @param {HTMLElement} element @param {Study} study of one axis at least @param {Look} look
 * @param {(cell: StudyCell) => void} choose
 */
export function drawHeatmap(element, study, look, choose) {
  const { rows, columns, at } = layoutOf(study, look.held);
  if (!rows || !columns) return 0;
  const finalOf = (/** @type {StudyCell | undefined} */ cell) => cell?.finals?.[look.final];
  const cells = rows.values.map((_row, i) => columns.values.map((_column, j) => at(i, j)));
  const values = finite(cells.flat().map((cell) => finalOf(cell)?.[look.middle]));
  const log = look.logColours && values.every((value) => value > 0);
  const to = (/** @type {number} */ value) => (log ? Math.log10(value) : value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const share = (/** @type {number} */ value) => (high > low ? (to(value) - to(low)) / (to(high) - to(low)) : 0.5);
  const corner = make('td', { className: 'corner' }, make('span', {}, `${axisTitle(rows)} ↓`), make('span', {}, `${axisTitle(columns)} →`));
  const head = make('tr', {}, corner, ...columns.values.map((_value, j) => make('th', { scope: 'col', textContent: labelAt(columns, j) })));
  const lines = cells.map((line, i) => make('tr', {}, make('th', { scope: 'row', textContent: labelAt(rows, i) }), ...line.map((cell) => make('td', {}, ...(cell ? [cellOf(cell, finalOf(cell), look, share, choose)] : [])))));
  const caption = make('caption', { className: 'sr-only', textContent: `${seriesWord(look.final)}, ${look.middle === 'mean' ? _('mean') : _('median')}` });
  const { activeElement } = document;
  const focused = activeElement instanceof HTMLElement && element.contains(activeElement) ? activeElement.dataset.cell : undefined;
  element.replaceChildren(make('table', { className: 'heatmap' }, caption, make('thead', {}, head), make('tbody', {}, ...lines)), ...(values.length ? [legend(low, high)] : []));
  if (focused !== undefined) maybe(element, `[data-cell="${focused}"]`)?.focus({ preventScroll: true });
  return values.length;
}

/** @param {StudyCell} cell @param {Final | undefined} final @param {Look} look @param {(value: number) => number} share @param {(cell: StudyCell) => void} choose */
function cellOf(cell, final, look, share, choose) {
  const button = make('button', { type: 'button', className: 'heat', data: { cell: String(cell.index) }, onclick: () => choose(cell), attributes: { 'aria-pressed': String(look.cell === cell.index) } });
  const place = placeOf(cell.values);
  const hidden = (/** @type {string} */ text) => make('span', { className: 'sr-only', textContent: text });
  if (cell.refused) {
    button.classList.add('hole');
    button.title = reasonOf(cell);
    button.append(hidden(`${place}: `), make('span', { className: 'hole-reason' }, make('b', { textContent: `✕ ${_('refused')} ` }), reasonOf(cell)));
    return button;
  }
  const value = final?.[look.middle] ?? null;
  const n = final?.n ?? 0;
  const ended = cell.runs.filter(({ status }) => ['finished', 'stopped', 'diverged', 'failed'].includes(status)).length;
  const lost = ended > n ? _('{n} without a value', { n: integer(ended - n) }) : '';
  const within = value !== null && look.middle === 'mean' && final && final.low !== null ? _('95 % interval {low} to {high}', { low: shown(final.low), high: shown(final.high) }) : '';
  const told = [_('n = {n}', { n: integer(n) }), lost].filter(Boolean).join(', ');
  button.append(hidden(`${place}: ${seriesWord(look.final)} `), make('b', { textContent: value === null ? '–' : shown(value) }), make('span', { className: 'heat-n', textContent: told }), hidden(` ${within}`));
  button.title = [`${place}: ${shown(value)}`, within].filter(Boolean).join(', ');
  if (value !== null) {
    const ground = cividis(share(value));
    button.style.backgroundColor = `rgb(${ground.join(', ')})`;
    button.style.color = inkOn(ground);
  }
  return button;
}

/** What the colours mean. @param {number} low @param {number} high */
function legend(low, high) {
  const bar = make('canvas', { className: 'heat-bar', width: 128, height: 1, attributes: { 'aria-hidden': 'true' } });
  const context = brush(bar);
  for (let i = 0; i < 128; i++) {
    context.fillStyle = `rgb(${cividis(i / 127).join(', ')})`;
    context.fillRect(i, 0, 1, 1);
  }
  return make('p', { className: 'heat-legend' }, make('span', { textContent: shown(low) }), bar, make('span', { textContent: shown(high) }));
}
