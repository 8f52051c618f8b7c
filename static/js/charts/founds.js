/** What an experiment's seeds gave: one thin line a seed and arm, the median over the seeds thick. */

import { _, language } from '../page/texts.js';
import { DASHES as HOUSE_DASHES, TONES as HOUSE_TONES, axisOf, drawHouse, drawHouseKeys, seen } from './house.js';

/** @import { Cell, Curve, ExperimentAbout, Found } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */
/** @typedef {Pick<ExperimentAbout, 'axes' | 'log_axes' | 'right_axis'>} Axes */
/** @typedef {ReturnType<typeof armsOf>[number]} Arm */

const TONES = [...HOUSE_TONES, 'ink'];
const DASHES = [...HOUSE_DASHES, 'dashdot'];
const FEW = 12; // points of a line that are marked one by one

/**
 * Arms in the order in which they come, each with a colour and a dash of its own.
 * @param {Found[]} founds @param {Record<string, string>} names what an arm is called, where that differs from its name
 */
export function armsOf(founds, names) {
  const own = [...new Set(founds.flatMap((found) => found.curves.map((curve) => curve.name)))];
  const right = new Set(founds.flatMap((found) => found.curves.filter((curve) => curve.right).map((curve) => curve.name)));
  return own.map((name, i) => ({
    name, called: names[name] ?? name, right: right.has(name), tone: TONES[i % TONES.length], dash: DASHES[(i + Math.floor(i / TONES.length)) % DASHES.length],
  }));
}

/** Where at least half of the seeds have a value, the value in their middle. @param {Pick<Curve, 'x' | 'y'>[]} curves */
export function medianOf(curves) {
  /** @type {Map<number, number[]>} */
  const held = new Map();
  for (const { x, y } of curves) {
    x.forEach((at, i) => {
      const value = y[i];
      if (value !== null) held.set(at, [...(held.get(at) ?? []), value]);
    });
  }
  const kept = [...held].filter(([, values]) => 2 * values.length >= curves.length).sort(([a], [b]) => a - b);
  return { x: kept.map(([at]) => at), y: kept.map(([, values]) => middle(values)) };
}

/** @param {number[]} values @returns {number} */
export function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * @param {Found[]} founds @param {Arm[]} arms @param {Colours} colour
 * @param {boolean[]} logs of x, of the left and of the right axis: a log axis has no place for zero and below
 */
function tracesOf(founds, arms, colour, logs) {
  const data = [];
  const several = founds.length > 1;
  for (const arm of arms) {
    for (const found of founds) {
      for (const curve of found.curves.filter(({ name }) => name === arm.name)) {
        data.push(line(arm, colour, seen(curve.x, logs[0]), seen(curve.y, logs[arm.right ? 2 : 1]), { width: several ? 1 : 2.5, seed: found.seed, kind: 'seed' }, several ? 0.45 : 1));
      }
    }
  }
  if (several) {
    for (const arm of arms) {
      const { x, y } = medianOf(founds.flatMap((found) => found.curves.filter(({ name }) => name === arm.name)));
      data.push(line(arm, colour, seen(x, logs[0]), seen(y, logs[arm.right ? 2 : 1]), { width: 3, seed: null, kind: 'median' }, 1));
    }
  }
  return data;
}

/**
 * @param {Arm} arm @param {Colours} colour @param {Cell[]} x @param {Cell[]} y
 * @param {{width: number, seed: number | null, kind: 'seed' | 'median'}} look @param {number} opacity @returns {PlotlyTrace}
 */
function line(arm, colour, x, y, { width, seed, kind }, opacity) {
  const thick = width > 2;
  const whose = seed === null ? _('median') : _('seed {seed}', { seed });
  return {
    type: 'scatter', yaxis: arm.right ? 'y2' : 'y', mode: x.length <= FEW && thick ? 'lines+markers' : 'lines', x, y, name: arm.called, opacity, connectgaps: false,
    line: { color: colour[arm.tone], width, dash: thick ? arm.dash : 'solid', simplify: false }, marker: { size: 6, color: colour[arm.tone] }, meta: { arm: arm.name, seed, kind },
    hovertemplate: `${arm.called.replaceAll('<', '&lt;')}, ${whose}<br>%{x:.4~g}: %{y:.4~g}<extra></extra>`,
  };
}

/**
 * @param {HTMLElement} element @param {Found[]} founds @param {Record<string, string>} names @param {Axes} experiment @param {Colours} colour
 */
export function drawFounds(element, founds, names, experiment, colour) {
  const { axes, log_axes: logs, right_axis: right } = experiment;
  /** @param {Record<string, string>} words @param {boolean} log @param {object} [more] */
  const axis = (words, log, more) => axisOf(colour, { title: words[language] ?? words.en, type: log ? 'log' : 'linear', nticks: 6, ...more });
  /** @type {PlotlyLayout} */
  const layout = { margin: { l: 52, r: 10, t: 12, b: 42, pad: 0 }, xaxis: axis(axes[0], logs[0], { nticks: 8 }), yaxis: axis(axes[1], logs[1]) };
  if (right) layout.yaxis2 = axis(right.label, right.log, { ...(right.log ? { tickmode: 'linear', dtick: 'D2' } : { tickmode: 'auto' }), side: 'right', overlaying: 'y', showgrid: false, zeroline: false });
  return drawHouse(element, tracesOf(founds, armsOf(founds, names), colour, [logs[0], logs[1], right?.log ?? false]), colour, layout);
}

/** The key of the figure: a piece of each arm's line and what it is called. @param {HTMLElement} element @param {Found[]} founds @param {Record<string, string>} names */
export const drawKeys = (element, founds, names) =>
  drawHouseKeys(element, armsOf(founds, names).map((arm) => ({ ...arm, name: arm.right ? _('{curve} (right)', { curve: arm.called }) : arm.called })));
