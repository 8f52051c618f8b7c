/** What the runs of one capacity fitted: a thin line each, their mean thick, the truth dashed, the training points of one of them. */

import { axisOf, drawHouse, finite } from './house.js';

/** @import { CellCurves, Curves } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */

/**
 * @param {HTMLElement} element @param {Curves} curves @param {CellCurves | undefined} one of `by`: what is drawn
 * @param {[number, number]} range of y, the same for all capacities @param {Colours} colour
 */
export function drawFits(element, curves, one, range, colour) {
  const x = one?.x ?? curves.x;
  /** @type {PlotlyTrace[]} */
  const thin = (one?.runs ?? []).map((y, i) => ({ type: 'scatter', mode: 'lines', x, y, line: { color: colour['series-a'], width: 1, simplify: false }, opacity: 0.35, hoverinfo: 'skip', meta: { kind: 'run', place: i } }));
  /** @type {PlotlyTrace[]} */
  const truth = curves.truth ? [{ type: 'scatter', mode: 'lines', x: curves.x, y: curves.truth, line: { color: colour.ink, width: 2, dash: 'dash', simplify: false }, hoverinfo: 'skip', meta: { kind: 'truth' } }] : [];
  /** @type {PlotlyTrace[]} */
  const mean = one ? [{ type: 'scatter', mode: 'lines', x, y: one.mean, line: { color: colour['series-b'], width: 3.5, simplify: false }, hoverinfo: 'skip', meta: { kind: 'mean', cell: one.cell } }] : [];
  /** @type {PlotlyTrace[]} */
  const points = curves.points?.x?.length ? [{ type: 'scatter', mode: 'markers', x: curves.points.x, y: curves.points.y, marker: { color: colour.muted, size: 4 }, hoverinfo: 'skip', meta: { kind: 'points' } }] : [];
  drawHouse(element, [...points, ...thin, ...truth, ...mean], colour, { xaxis: axisOf(colour, { title: 'x', showgrid: false, zeroline: false, range: [Math.min(...curves.x), Math.max(...curves.x)] }), yaxis: axisOf(colour, { title: 'y', range, zeroline: false }) });
}

/** The heights that a person needs to see: the truth and the means, and the runs as far as they stay near. @param {Curves} curves @returns {[number, number]} */
export function heightsOf(curves) {
  const fixed = finite([...(curves.truth ?? []), ...(curves.points?.y ?? [])]);
  const near = fixed.length ? fixed : finite(curves.by.flatMap(({ mean }) => mean));
  const [low, high] = [Math.min(...near), Math.max(...near)];
  const room = 0.6 * (high - low || 1);
  return [low - room, high + room];
}
