/** One series of several runs, a line each in its run's own colour. */

import { _, integer } from '../page/texts.js';
import { axisOf, drawHouse, plain, seen } from './house.js';

/** @typedef {{run: any, tone: string, dash: string, series: {step: number[], last: (number | null)[]} | null}} Compared */

/** @param {any} element @param {Compared[]} compared @param {string} name @param {boolean} log @param {Record<string, string>} colour */
export function drawCompare(element, compared, name, log, colour) {
  const data = compared.filter(({ series }) => series?.step.length).map(({ run, tone, dash, series }) => ({
    type: 'scatter', mode: series.step.length < 40 ? 'lines+markers' : 'lines', x: series.step, y: seen(series.last, log), name: run.name || run.id, connectgaps: false,
    line: { color: colour[tone], width: 2, dash, simplify: false }, marker: { size: 5, color: colour[tone] }, meta: { run: run.id, series: name },
    hovertemplate: `${plain(run.name || run.id)}<br>%{x}: %{y:.4~g}<extra></extra>`,
  }));
  const y = name.endsWith('accuracy') && !log ? { range: [0, 1.02] } : { type: log ? 'log' : 'linear', rangemode: log ? undefined : 'tozero', nticks: 6 };
  drawHouse(element, data, colour, { margin: { l: 52, r: 14, t: 8, b: 40 }, xaxis: axisOf(colour, { title: _('step'), showgrid: false, rangemode: 'tozero' }), yaxis: axisOf(colour, y) });
  return data.length;
}

/** The same in words. @param {Compared[]} compared @returns {[string, string, number | null][]} */
export const readCompare = (compared) =>
  compared.filter(({ series }) => series?.step.length).map(({ run, series }) => [run.name || run.id, integer(series.step.at(-1)), series.last.at(-1)]);
