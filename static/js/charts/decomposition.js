/** Bias², variance, noise and error against capacity, each with its interval over the runs. */

import { line } from '../page/elements.js';
import { axisTitle } from './study_layout.js';
import { _, integer, language, shown } from '../page/texts.js';
import { axisOf, bandTrace, drawHouse, finite, seen } from './house.js';
import { placedAxis } from './over_axis.js';

/** @import { Axis, CellTerms, DecompositionKind, Term } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Places } from './over_axis.js' */

/** @type {[Term, string, string][]} */
const LOOKS = [['bias2', 'series-a', 'solid'], ['variance', 'series-b', 'solid'], ['noise', 'series-c', 'dot'], ['error', 'ink', 'dash']];

/**
 * The terms that some row has, as this decomposition calls them. @param {CellTerms[]} rows @param {DecompositionKind} [about]
 * @returns {{name: Term, word: string, tone: string, dash: string}[]}
 */
export function termsOf(rows, about) {
  /** @type {Partial<Record<Term, string>>} */
  const words = { noise: _('noise'), error: _('error in all') };
  const told = (/** @type {Term} */ name) => about?.terms[name]?.[language] ?? about?.terms[name]?.en;
  return LOOKS.filter(([name]) => rows.some((row) => row[name] !== null && row[name] !== undefined)).map(([name, tone, dash]) => ({ name, word: told(name) ?? words[name] ?? name, tone, dash }));
}

/**
 * @param {HTMLElement} element @param {CellTerms[]} rows one a capacity @param {ReturnType<typeof termsOf>} terms
 * @param {Axis} axis @param {Places} places @param {number} chosen index of the capacity that is looked at @param {Colours} colour @param {string} unit @param {boolean} log
 */
export function drawDecomposition(element, rows, terms, axis, places, chosen, colour, unit, log) {
  const data = terms.flatMap(({ name, word, tone, dash }) => {
    const column = (/** @type {(row: CellTerms) => Partial<Record<Term, number | null>>} */ values) => seen(rows.map((row) => values(row)?.[name] ?? null), log);
    return [
      bandTrace(places.x, column((row) => row.low), column((row) => row.high), colour[tone], { part: name, kind: 'interval' }, 0.14),
      { type: /** @type {const} */ ('scatter'), mode: 'lines+markers', x: places.x, y: column((row) => row), name: word, connectgaps: false, line: { color: colour[tone], width: 2.5, dash, simplify: false }, marker: { size: 7, color: colour[tone] }, meta: { part: name, kind: 'value' }, hovertemplate: `${word}: %{y:.4~g}<extra></extra>` },
    ];
  });
  const values = finite(data.flatMap(({ y }) => y));
  const shapes = [{ type: 'line', xref: 'x', yref: 'paper', x0: places.x[chosen], x1: places.x[chosen], y0: 0, y1: 1, line: { color: colour.muted, width: 1 }, layer: 'below' }];
  drawHouse(element, data, colour, { shapes, xaxis: placedAxis(places, colour, axisTitle(axis)), yaxis: axisOf(colour, { title: unit, ...(Math.min(...values) < 0 ? {} : { rangemode: 'tozero' }), ...(log ? { type: 'log', exponentformat: 'power' } : {}) }) });
}

/** The same in numbers. @param {HTMLTableElement} table @param {CellTerms[]} rows @param {ReturnType<typeof termsOf>} terms @param {string[]} capacities in words @param {string} title */
export function tellDecomposition(table, rows, terms, capacities, title) {
  const interval = (/** @type {CellTerms} */ row, /** @type {Term} */ name) => (row.low?.[name] === undefined ? '' : ` (${shown(row.low[name])} … ${shown(row.high[name])})`);
  table.replaceChildren(line([title, ...terms.map(({ word }) => word), _('runs')], true), ...rows.map((row, i) => line([capacities[i], ...terms.map(({ name }) => `${shown(row[name])}${interval(row, name)}`), row.reason ? `${integer(row.n)} · ${_('they predict something else')}` : integer(row.n)])));
}
