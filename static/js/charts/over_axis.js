/** A final value over one axis: the middle of the seeds, its interval, and every seed as a point. */

import { line } from '../page/elements.js';
import { seriesWord } from '../form/known.js';
import { axisTitle, labelAt } from './study_layout.js';
import { _, brief, integer, shown } from '../page/texts.js';
import { axisOf, bandTrace, drawHouse, plain, seen } from './house.js';

/** @import { Axis, Final, Study } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */
/** @typedef {{x: number[], words: string[] | null, log: boolean, ticks: number[] | null}} Places on an axis; `words`: of its ticks, where they aren't numbers */

const MOST_TICKS = 14; // of an axis that names each of its values

/** How unevenly values are spaced: the spread of their distances over the mean distance. @param {number[]} values */
function unevenness(values) {
  const gaps = values.slice(1).map((value, i) => value - values[i]);
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
}

/** Places of an axis' values: numbers where all are, on a log axis where they were chosen by factors; else their order. @param {Axis} axis @returns {Places} */
export function placesOf(axis) {
  const { values } = axis;
  const ordered = { x: values.map((_value, i) => i), words: values.map((_value, i) => labelAt(axis, i)), log: false, ticks: null };
  if (!values.every((value) => typeof value === 'number')) return ordered;
  const sorted = [...values].sort((a, b) => a - b);
  const positive = sorted.filter((value) => value > 0);
  const log = positive.length > 2 && positive[positive.length - 1] / positive[0] >= 8 && unevenness(positive.map(Math.log)) < 0.8 * unevenness(positive);
  if (log && positive.length < values.length) return ordered; // zero has no place there
  return { x: values, words: null, log, ticks: values.length <= MOST_TICKS ? sorted : null };
}

/** @param {Places} places @param {Colours} colour @param {string} title */
export function placedAxis(places, colour, title) {
  if (places.words) return axisOf(colour, { title, tickvals: places.x, ticktext: places.words.map(plain), range: [-0.4, places.x.length - 0.6], showgrid: false });
  const named = places.ticks ? { tickvals: places.ticks, ticktext: places.ticks.map(brief) } : {};
  return axisOf(colour, { title, type: places.log ? 'log' : 'linear', showgrid: false, ...named });
}

/**
 * @param {HTMLElement} element @param {Study} study with one axis @param {{final: string, middle: 'mean' | 'median', logColours: boolean}} look @param {Colours} colour
 * @param {HTMLTableElement} table the same in numbers
 */
export function drawOverAxis(element, study, look, colour, table) {
  const [axis] = study.axes;
  const places = placesOf(axis);
  const cells = study.cells.map((cell) => ({ cell, final: cell.finals?.[look.final] }));
  const log = look.logColours;
  /** @type {('low' | 'high' | 'q10' | 'q90')[]} */
  const [low, high] = look.middle === 'mean' ? ['low', 'high'] : ['q10', 'q90'];
  const column = (/** @type {Exclude<keyof Final, 'values'>} */ name) => seen(cells.map(({ final }) => final?.[name] ?? null), log);
  const tone = colour['series-a'];
  const points = cells.flatMap(({ cell, final }, i) => (final?.values ?? []).map((value, k) => ({ x: places.x[i], y: value, cell: cell.index, seed: study.seeds[k] }))).filter(({ y }) => y !== null && (!log || y > 0));
  const middle = column(look.middle);
  /** @type {PlotlyTrace[]} */
  const data = [
    bandTrace(places.x, column(low), column(high), tone, { kind: 'interval' }),
    { type: 'scatter', mode: 'markers', x: points.map(({ x }) => x), y: points.map(({ y }) => y), customdata: points.map(({ cell, seed }) => [cell, seed]), marker: { color: tone, size: 6, opacity: 0.4 }, meta: { kind: 'seeds' }, hovertemplate: `${_('seed {seed}', { seed: '%{customdata[1]}' })}: %{y:.4~g}<extra></extra>` },
    { type: 'scatter', mode: 'lines+markers', x: places.x, y: middle, customdata: cells.map(({ cell }) => [cell.index]), line: { color: tone, width: 2.5, simplify: false }, marker: { size: 8, color: tone }, meta: { kind: look.middle }, hovertemplate: '%{y:.4~g}<extra></extra>' },
  ];
  const drawn = middle.filter((value) => value !== null).length;
  drawHouse(element, data, colour, { xaxis: placedAxis(places, colour, axisTitle(axis)), yaxis: axisOf(colour, { title: seriesWord(look.final), type: log ? 'log' : 'linear' }) });
  const head = [axisTitle(axis), look.middle === 'mean' ? _('mean') : _('median'), _('from'), _('to'), _('Seeds')];
  table.replaceChildren(line(head, true), ...cells.map(({ final }, i) => line([labelAt(axis, i), ...[look.middle, low, high].map((name) => shown(final?.[name])), integer(final?.n ?? 0)])));
  return drawn;
}
