/** One series of several runs, a line each in its run's own colour. */

import { _, integer } from '../page/texts.js';
import { axisOf, drawHouse, plain, seen } from './house.js';

/** @import { RunRecord, SeriesColumns } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */

/** @typedef {{run: RunRecord, tone: string, dash: string, series: SeriesColumns | null}} Compared */

/** @param {HTMLElement} element @param {Compared[]} compared @param {string} name @param {boolean} log @param {Colours} colour */
export function drawCompare(element, compared, name, log, colour) {
  /** @type {PlotlyTrace[]} */
  const data = drawn(compared).map(({ run, tone, dash, series }) => ({
    type: 'scatter', mode: series.step.length < 40 ? 'lines+markers' : 'lines', x: series.step, y: seen(series.last, log), name: run.name || run.id, connectgaps: false,
    line: { color: colour[tone], width: 2, dash, simplify: false }, marker: { size: 5, color: colour[tone] }, meta: { run: run.id, series: name },
    hovertemplate: `${plain(run.name || run.id)}<br>%{x}: %{y:.4~g}<extra></extra>`,
  }));
  const y = name.endsWith('accuracy') && !log ? { range: [0, 1.02] } : { type: log ? 'log' : 'linear', rangemode: log ? undefined : 'tozero', nticks: 6 };
  drawHouse(element, data, colour, { margin: { l: 52, r: 14, t: 8, b: 40 }, xaxis: axisOf(colour, { title: _('step'), showgrid: false, rangemode: 'tozero' }), yaxis: axisOf(colour, y) });
  return data.length;
}

/** Those that have a point. @param {Compared[]} compared */
const drawn = (compared) => compared.flatMap(({ series, ...one }) => (series?.step.length ? [{ ...one, series }] : []));

/** The same in words. @param {Compared[]} compared @returns {[string, string, number | null][]} */
export const readCompare = (compared) =>
  drawn(compared).map(({ run, series: { step, last } }) => [run.name || run.id, integer(step[step.length - 1]), last[last.length - 1]]);
