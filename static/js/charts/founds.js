/** What an experiment's seeds gave: one thin line a seed and arm, the median over the seeds thick. */

/* global Plotly */
import { _, language } from '../texts.js';
import { axis } from './plot.js';

export const TONES = ['series-a', 'series-b', 'series-c', 'series-d', 'series-e', 'series-f', 'ink'];
const DASHES = ['solid', 'dash', 'dot', 'dashdot'];
/** The same dashes for a key that is no Plotly line, in its own units. */
const STROKES = { solid: '', dash: '7 4', dot: '2 3', dashdot: '7 3 2 3' };
const FEW = 12; // points of a line that are marked one by one

const CONFIG = {
  displaylogo: false, responsive: true, locale: language, modeBarButtons: [['toImage']],
  locales: { [language]: { dictionary: { 'Download plot as a PNG': _('Save as a picture') }, format: {} } },
};

/** Arms in the order in which they come, each with a colour and a dash of its own. @param {any[]} founds */
export function armsOf(founds) {
  const names = [...new Set(founds.flatMap((found) => found.curves.map((curve) => curve.name)))];
  return names.map((name, i) => ({ name, tone: TONES[i % TONES.length], dash: DASHES[(i + Math.floor(i / TONES.length)) % DASHES.length] }));
}

/** Where at least half of the seeds have a value, the value in their middle. @param {{x: number[], y: (number | null)[]}[]} curves */
export function medianOf(curves) {
  const held = new Map();
  for (const { x, y } of curves) {
    x.forEach((at, i) => {
      if (y[i] !== null) held.set(at, [...(held.get(at) ?? []), y[i]]);
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

/** @param {any[]} founds @param {Record<string, string>} colour @param {boolean[]} logs a log axis has no place for zero and below */
function tracesOf(founds, colour, logs) {
  const data = [];
  const seen = (values, log) => (log ? values.map((value) => (value > 0 ? value : null)) : values);
  const arms = armsOf(founds);
  const several = founds.length > 1;
  for (const arm of arms) {
    for (const found of founds) {
      for (const curve of found.curves.filter(({ name }) => name === arm.name)) {
        data.push(line(arm, colour, seen(curve.x, logs[0]), seen(curve.y, logs[1]), { width: several ? 1 : 2.5, seed: found.seed, kind: 'seed' }, several ? 0.45 : 1));
      }
    }
  }
  if (several) {
    for (const arm of arms) {
      const { x, y } = medianOf(founds.flatMap((found) => found.curves.filter(({ name }) => name === arm.name)));
      data.push(line(arm, colour, seen(x, logs[0]), seen(y, logs[1]), { width: 3, seed: null, kind: 'median' }, 1));
    }
  }
  return data;
}

function line(arm, colour, x, y, { width, seed, kind }, opacity) {
  const thick = width > 2;
  const whose = seed === null ? _('median') : _('seed {seed}', { seed });
  return {
    type: 'scatter', mode: x.length <= FEW && thick ? 'lines+markers' : 'lines', x, y, name: arm.name, opacity, connectgaps: false,
    line: { color: colour[arm.tone], width, dash: thick ? arm.dash : 'solid', simplify: false }, marker: { size: 6, color: colour[arm.tone] }, meta: { arm: arm.name, seed, kind },
    hovertemplate: `${arm.name.replaceAll('<', '&lt;')}, ${whose}<br>%{x:.4~g}: %{y:.4~g}<extra></extra>`,
  };
}

/**
 * @param {HTMLElement} element @param {any[]} founds @param {any} experiment @param {Record<string, string>} colour
 */
export function drawFounds(element, founds, experiment, colour) {
  const [x, y] = experiment.axes.map((words, i) => ({
    ...axis(colour, { type: experiment.log_axes[i] ? 'log' : 'linear', exponentformat: 'power', nticks: i ? 6 : 8 }),
    title: { text: words[language] ?? words.en, font: { size: 12, color: colour.muted }, standoff: 8 }, automargin: true,
  }));
  return Plotly.react(
    element,
    tracesOf(founds, colour, experiment.log_axes),
    {
      autosize: true, margin: { l: 52, r: 10, t: 12, b: 42, pad: 0 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour.ink },
      modebar: { color: colour.muted, activecolor: colour.ink, bgcolor: 'rgba(0,0,0,0)' }, showlegend: false, hovermode: 'closest', dragmode: false, xaxis: x, yaxis: y,
    },
    CONFIG,
  );
}

/** The key of the figure: a piece of each arm's line and its name. @param {HTMLElement} element @param {any[]} founds */
export function drawKeys(element, founds) {
  element.replaceChildren(
    ...armsOf(founds).map(({ name, tone, dash }) => {
      const key = document.createElement('span');
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      const piece = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      svg.setAttribute('viewBox', '0 0 26 8');
      svg.setAttribute('aria-hidden', 'true');
      piece.setAttribute('d', 'M0 4H26');
      piece.setAttribute('stroke-dasharray', STROKES[dash]);
      piece.style.cssText = `stroke: var(--${tone}); stroke-width: 3`;
      svg.append(piece);
      key.append(svg, name);
      return key;
    }),
  );
}
