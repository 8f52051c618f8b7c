/** A regularisation path: each weight against λ, and the errors with the λ of the least validation error. */

import { line } from '../page/elements.js';
import { _, brief, integer, shown } from '../page/texts.js';
import { axisOf, bandTrace, drawHouse, finite, seen } from './house.js';

/** @import { Interval, Path, PathPoint, Split } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */

const MOST = 64; // weights that are drawn
const WIDE = 20; // validation errors that are so many times apart stand on a log axis

/** Weights by how large they ever get, the largest first. @param {PathPoint[]} by */
export function ranked(by) {
  const held = by.flatMap(({ weights }) => (weights ? [weights] : []));
  const n = held.length ? held[0].length : 0;
  const size = (/** @type {number} */ i) => Math.max(...held.map((weights) => Math.abs(weights[i] ?? 0)));
  return Array.from({ length: n }, (_value, i) => i).sort((a, b) => size(b) - size(a)).slice(0, MOST);
}

/** λ on a log axis; zero, which has no place there, stands left of the least other one. @param {PathPoint[]} by */
export function lambdas(by) {
  const positive = by.map(({ lambda }) => lambda).filter((lambda) => lambda > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  const zero = low / (positive.length > 1 ? (high / low) ** (1 / (positive.length - 1)) : 10);
  const x = by.map(({ lambda }) => (lambda > 0 ? lambda : zero));
  const words = x.map((at, i) => (by[i].lambda > 0 ? brief(at) : '0'));
  const every = Math.ceil(x.length / 10);
  const ticks = x.map((_at, i) => i).filter((i) => by[i].lambda === 0 || i % every === 0);
  const pad = Math.log10(Math.max(...x) / Math.min(...x)) * 0.03;
  return { x, range: [Math.log10(Math.min(...x)) - pad, Math.log10(Math.max(...x)) + pad], tickvals: ticks.map((i) => x[i]), ticktext: ticks.map((i) => words[i]) };
}

const TONES = ['series-a', 'series-b', 'series-c', 'series-d', 'series-e', 'series-f'];

/** @param {ReturnType<typeof lambdas>} places @param {Colours} colour @param {string} method */
const xAxis = (places, colour, method) => axisOf(colour, { title: method, type: 'log', range: places.range, tickvals: places.tickvals, ticktext: places.ticktext, showgrid: false });

/** Where the validation error is least. @param {ReturnType<typeof lambdas>} places @param {PathPoint[]} by @param {Path['best']} best @param {Colours} colour */
const marked = (places, by, best, colour) => {
  const at = by.findIndex(({ lambda }) => lambda === best?.lambda);
  return at < 0 ? [] : [{ type: 'line', xref: 'x', yref: 'paper', x0: places.x[at], x1: places.x[at], y0: 0, y1: 1, line: { color: colour.flag, width: 2, dash: 'dot' } }];
};

/** @param {HTMLElement} element @param {Path} told @param {Colours} colour @param {string} title of the λ axis */
export function drawWeights(element, { by, best, true: made }, colour, title) {
  const places = lambdas(by);
  /** @type {PlotlyTrace[]} */
  const data = ranked(by).map((i, rank) => {
    const y = by.map(({ weights }) => weights?.[i] ?? null);
    const zero = by.map((_row, k) => (y[k] === 0 ? 'circle-open' : 'circle'));
    return {
      type: 'scatter', mode: 'lines+markers', x: places.x, y, line: { color: colour[TONES[rank % TONES.length]], width: 1.5, simplify: false }, marker: { size: 4, symbol: zero, color: colour[TONES[rank % TONES.length]] },
      meta: { weight: i }, hovertemplate: `w${i + 1}: %{y:.4~g}<extra></extra>`,
    };
  });
  /** @type {PlotlyTrace[]} */
  const truth = made && made.length === by.find(({ weights }) => weights)?.weights?.length ? ranked(by).map((i, rank) => ({
    type: 'scatter', mode: 'markers', x: [places.x[0]], y: [made[i]], marker: { symbol: 'line-ew-open', size: 12, color: colour[TONES[rank % TONES.length]] }, cliponaxis: false, meta: { kind: 'true', weight: i }, hovertemplate: `${_('true weight')}: %{y:.4~g}<extra></extra>`,
  })) : [];
  /** @type {PlotlyTrace} */
  const zeros = { type: 'scatter', mode: 'lines+markers', x: places.x, y: by.map((row) => row.zeros), yaxis: 'y2', line: { color: colour.ink, width: 2, dash: 'dash', simplify: false }, marker: { size: 6, color: colour.ink }, meta: { kind: 'zeros' }, hovertemplate: `${_('exact zeros')}: %{y}<extra></extra>` };
  const norm = { ...zeros, y: by.map((row) => row.norm), yaxis: 'y3', line: { color: colour.muted, width: 2, simplify: false }, marker: { size: 5, color: colour.muted }, meta: { kind: 'norm' }, hovertemplate: `${_('norm')}: %{y:.4~g}<extra></extra>` };
  drawHouse(element, [...data, ...truth, zeros, norm], colour, {
    shapes: marked(places, by, best, colour), xaxis: { ...xAxis(places, colour, title), anchor: 'y3' },
    yaxis: axisOf(colour, { title: data.length ? _('weight') : '', domain: [0.46, 1] }), yaxis2: axisOf(colour, { title: _('zeros'), domain: [0.23, 0.42], rangemode: 'tozero', nticks: 3 }), yaxis3: axisOf(colour, { title: _('norm'), domain: [0, 0.19], rangemode: 'tozero', nticks: 3 }),
  });
}

/** @returns {{name: 'train' | 'val' | 'test', word: string, tone: string, dash: string}[]} */
export const splits = () => [
  { name: 'train', word: _('training'), tone: 'series-a', dash: 'solid' },
  { name: 'val', word: _('validation'), tone: 'series-b', dash: 'dash' },
  { name: 'test', word: _('test'), tone: 'series-c', dash: 'dot' },
];

/** @param {HTMLElement} element @param {Path} told @param {Colours} colour @param {string} title of the λ axis @param {{low: string, high: string}} ends in words */
export function drawErrors(element, { by, best, metric }, colour, title, ends) {
  const places = lambdas(by);
  const validated = finite(by.map((row) => row.val?.mean));
  const log = Math.min(...validated) > 0 && Math.max(...validated) > WIDE * Math.min(...validated); // else the least one is not seen
  const column = (/** @type {Split} */ name, /** @type {keyof Interval} */ key) => seen(by.map((row) => row[name]?.[key] ?? null), log);
  /** @type {PlotlyTrace[]} */
  const data = splits().flatMap(({ name, word, tone, dash }) => [
    bandTrace(places.x, column(name, 'low'), column(name, 'high'), colour[tone], { split: name, kind: 'interval' }, 0.14),
    { type: /** @type {const} */ ('scatter'), mode: 'lines+markers', x: places.x, y: column(name, 'mean'), line: { color: colour[tone], width: 2.5, dash, simplify: false }, marker: { size: 6, color: colour[tone] }, meta: { split: name, kind: 'mean' }, hovertemplate: `${word}: %{y:.4~g}<extra></extra>` },
  ]);
  const note = (/** @type {string} */ text, /** @type {number} */ x, /** @type {string} */ xanchor) => ({ text, x, xanchor, xref: 'paper', y: 1, yanchor: 'bottom', yref: 'paper', showarrow: false, font: { size: 13, color: colour.ink } });
  const at = by.findIndex(({ lambda }) => lambda === best?.lambda);
  const least = at < 0 ? [] : [{ text: _('least validation error'), x: Math.log10(places.x[at]), xref: 'x', y: 0, yref: 'paper', yanchor: 'bottom', xanchor: at < by.length / 2 ? 'left' : 'right', xshift: at < by.length / 2 ? 5 : -5, showarrow: false, font: { size: 12, color: colour.flag } }];
  drawHouse(element, data, colour, { margin: { l: 56, r: 14, t: 30, b: 44 }, shapes: marked(places, by, best, colour), annotations: [note(ends.low, 0, 'left'), note(ends.high, 1, 'right'), ...least].filter(({ text }) => text), xaxis: xAxis(places, colour, title), yaxis: axisOf(colour, { title: `${metric === 'loss' ? _('loss') : _('share that is wrong')}${log ? ` (${_('log axis')})` : ''}`, type: log ? 'log' : 'linear', nticks: 6 }) });
}

/** The same in numbers. @param {HTMLTableElement} table @param {Path} told */
export function tellPath(table, { by, best }) {
  const split = (/** @type {PathPoint} */ row, /** @type {Split} */ name) => shown(row[name]?.mean);
  const rows = by.map((row) => line([`${brief(row.lambda)}${row.lambda === best?.lambda ? ` ← ${_('least validation error')}` : ''}`, shown(row.norm), row.zeros === null ? '–' : shown(row.zeros), ...splits().map(({ name }) => split(row, name)), integer(row.n)]));
  table.replaceChildren(line(['λ', _('norm'), _('exact zeros'), ...splits().map(({ word }) => word), _('runs')], true), ...rows);
}
