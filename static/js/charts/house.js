/** What the Plotly figures of runs and studies share: layout, configuration, a band, keys. */

/* global Plotly */
import { make } from '../page/elements.js';
import { _, language } from '../page/texts.js';

/** Of every Plotly figure. */
export const CONFIG = {
  displaylogo: false, showSendToCloud: false, responsive: true, doubleClick: false, locale: language, modeBarButtons: [['toImage']],
  locales: { [language]: { dictionary: { 'Download plot as a PNG': _('Save as a picture') }, format: {} } },
};

/** @import { Colours } from '../page/theme.js' */
/** @import { Cell } from '../data/wire.d.ts' */

export const TONES = ['series-a', 'series-b', 'series-c', 'series-d', 'series-e', 'series-f'];
export const DASHES = ['solid', 'dash', 'dot'];
/** The same dashes for a key that is no Plotly line, in its own units. */
/** @type {Record<string, string>} */
const STROKES = { solid: '', dash: '7 4', dot: '2 3', dashdot: '7 3 2 3' };
/** In ten equal steps (Nuñez, Anderton & Renslow 2018). */
export const CIVIDIS = [
  '#00224e', '#123570', '#3b496c', '#575d6d', '#707173', '#8a8678', '#a59c74', '#c3b369', '#e1cc55', '#fee838',
];

/** Names go into hover texts, where Plotly reads some markup. @param {string} text */
export const plain = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** @param {Colours} colour @param {PlotlyAxis & {title?: string}} [more] */
export const axisOf = (colour, more = {}) => ({
  color: colour.muted, gridcolor: colour.rule, linecolor: colour.rule, zerolinecolor: colour.rule, tickfont: { size: 12 }, fixedrange: true, exponentformat: 'power', ticks: '',
  automargin: true, ...more, title: { text: more.title ?? '', font: { size: 13 }, standoff: 8 },
});

/** @param {HTMLElement} element @param {PlotlyTrace[]} data @param {Colours} colour @param {PlotlyLayout} layout */
export function drawHouse(element, data, colour, layout) {
  return Plotly.react(
    element,
    data,
    {
      autosize: true, margin: { l: 56, r: 14, t: 14, b: 44 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', showlegend: false, hovermode: 'closest', dragmode: false,
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour.ink }, modebar: { color: colour.muted, activecolor: colour.ink, bgcolor: 'rgba(0,0,0,0)' },
      hoverlabel: { bgcolor: colour.card, bordercolor: colour.muted, font: { color: colour.ink } },
      ...layout,
    },
    CONFIG,
  );
}

/** `rgb(r, g, b)` made translucent. @param {string} tone @param {number} alpha */
export const veil = (tone, alpha) => tone.replace('rgb(', 'rgba(').replace(')', `, ${alpha})`);

/**
 * The area between two columns, as one closed line; where a value is missing, it is left out.
 * @param {number[]} x @param {Cell[]} low @param {Cell[]} high @param {string} tone @param {object} meta @param {number} [alpha]
 */
export function bandTrace(x, low, high, tone, meta, alpha = 0.18) {
  const held = x.map((_at, i) => i).filter((i) => low[i] !== null && high[i] !== null && low[i] !== undefined && high[i] !== undefined);
  return {
    type: /** @type {const} */ ('scatter'), mode: 'lines', x: [...held.map((i) => x[i]), ...held.toReversed().map((i) => x[i])], y: [...held.map((i) => high[i]), ...held.toReversed().map((i) => low[i])],
    fill: 'toself', fillcolor: veil(tone, alpha), line: { width: 0, color: tone }, hoverinfo: 'skip', meta,
  };
}

/** The finite ones. @param {Iterable<Cell | undefined>} values @returns {number[]} */
export const finite = (values) => [...values].flatMap((value) => (value !== null && value !== undefined && Number.isFinite(value) ? [value] : []));

/** A log axis has no place for zero and below. @param {Cell[]} values @param {boolean} log */
export const seen = (values, log) => (log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values);

/** The key of a figure: a piece of each line and its name. @param {HTMLElement} element @param {{name: string, tone: string, dash?: string, href?: string}[]} keys */
export function drawHouseKeys(element, keys) {
  element.replaceChildren(...keys.map(({ name, tone, dash = 'solid' }) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const piece = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    svg.setAttribute('viewBox', '0 0 26 8');
    svg.setAttribute('aria-hidden', 'true');
    piece.setAttribute('d', 'M0 4H26');
    piece.setAttribute('stroke-dasharray', STROKES[dash]);
    piece.style.cssText = `stroke: var(--${tone}); stroke-width: 3`;
    svg.append(piece);
    return make('span', { className: 'figure-key' }, svg, name);
  }));
}
