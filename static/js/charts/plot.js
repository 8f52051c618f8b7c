/** What all Plotly figures share: their layout, the steps that they show, colour and the one call that draws. */

/* global Plotly */
import { _ } from '../page/texts.js';
import { drawnFlags } from './flags.js';
import { CONFIG } from './house.js';

/** @import { Fitted, Matrices, Table, Visits } from '../data/wire.d.ts' */
/** @import { Run } from '../data/runs.js' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Flag } from './flags.js' */

/** @typedef {Fitted | Table | Visits} Past what the figure shows of the cursor's step, where that was asked for */

/**
 * What a chart is drawn from. `beside`: the runs at its side with their colours; `tone`: its own among them.
 * @typedef {{element: HTMLElement, colour: Colours, run: Run | undefined, previous: Run | undefined, beside: {run: Run, colour: string}[], tone: string | undefined,
 *   past: Past | null, layer: string | null, range: [number, number], flags: Flag[], diverged: number | null, log: boolean}} Scene
 */

/** @typedef {{name: string, value: string, long?: string, colour?: string, dashed?: boolean, step?: number}} Reading `long`: the name in words */

/**
 * A figure of the Lab. `read`: what it says at a step; `still`: it has no axis of steps.
 * @typedef {{draw: (scene: Scene) => Promise<unknown>, still?: boolean,
 *   read: (run: Run, step: number | null, colour: Colours, layer: string | null, past: Past | null, tone: string | undefined) => Reading[],
 *   note?: (run: Run | undefined, layer: string | null) => string}} Chart
 */

/**
 * What the third figure of the Lab can show: the default export of a file in `charts/views/`. `order`: its place among the buttons;
 * `matrices`: those it draws, none for one that draws series; `past`: how what it shows of an earlier step is asked for.
 * @typedef {{function: () => Promise<{function: Fitted | null}>, matrix: (name: keyof Matrices) => Promise<Table | Visits>}} Asking
 * @typedef {Chart & {name: string, order: number, label: () => string, question: (run: Run | undefined, past: Past | null) => string,
 *   matrices: (keyof Matrices)[], past?: (ask: Asking) => Promise<Past | null>}} LabView
 */

const FIRST_SPAN = 64;

/**
 * The steps to show: from 0 to a span that doubles while a run goes on, so that axes grow and never jitter.
 * @param {Run[]} runs
 * @returns {[number, number]}
 */
export function stepsOf(runs) {
  const last = Math.max(0, ...runs.map((run) => run.step ?? 0));
  if (runs.length && !runs.some((run) => run.active) && last > 0) return [0, last];
  let span = FIRST_SPAN;
  while (span < last) span *= 2;
  return [0, span];
}

/** The least of 1, 1.5, 2, 3, 5 times a power of ten that is not below `value`. @param {number} value */
export function roof(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5].map((m) => m * power).find((top) => top >= value * 0.9999) ?? 10 * power;
}

/** @param {Colours} colour @param {PlotlyAxis & {title?: string}} [more] its `title`: a few words on what it is */
export function axis(colour, { title = '', ...more } = {}) {
  return {
    color: colour.muted, gridcolor: colour.rule, linecolor: colour.rule, zerolinecolor: colour.rule, tickfont: { size: 11 }, fixedrange: true,
    ticks: '', title: { text: title, font: { size: 11 }, standoff: 4 }, ...more,
  };
}

/** Left of the axis' own numbers, where it takes none of a low figure's height. @param {Colours} colour */
const stepWord = (colour) => ({
  text: _('step'), xref: 'paper', yref: 'paper', x: 0, y: 0, xanchor: 'right', yanchor: 'top', xshift: -8, yshift: -2, showarrow: false, font: { size: 11, color: colour.muted },
});

/** @param {Scene} scene @param {PlotlyTrace[]} data @param {PlotlyLayout & {xaxis?: {title?: string}}} layout */
export function draw(scene, data, layout) {
  const { colour, range } = scene;
  const { shapes, annotations } = drawnFlags(scene.flags, scene.diverged, colour, range);
  return Plotly.react(
    scene.element,
    data,
    {
      autosize: true,
      margin: { l: 56, r: 12, t: 16, b: layout.xaxis?.title ? 38 : 26, pad: 0 },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour.ink },
      modebar: { color: colour.muted, activecolor: colour.ink, bgcolor: 'rgba(0,0,0,0)' },
      showlegend: false,
      hovermode: false,
      dragmode: 'zoom',
      ...layout,
      xaxis: axis(colour, { fixedrange: false, range: [...range], uirevision: range.join(), showgrid: false, ...layout.xaxis }),
      shapes,
      annotations: scene.run ? [...annotations, ...(layout.xaxis?.range || layout.xaxis?.visible === false ? [] : [stepWord(colour)])] : [{ text: _('Nothing to draw before the first run'), x: 0.5, y: 0.5, xref: 'paper', yref: 'paper', showarrow: false, font: { color: colour.muted, size: 13 } }],
    },
    { ...CONFIG, responsive: false }, // the figures' own observer resizes them
  );
}

/**
 * A line of one series. `meta` says whose and which it is.
 * @template {(number | null)[]} Y
 * @param {Run} run @param {string} series @param {{x: (number | null)[], y: Y}} points @param {object} line @param {object} [more]
 */
export function trace(run, series, { x, y }, line, more = {}) {
  return {
    type: /** @type {const} */ ('scatter'), mode: 'lines', x, y, line: { simplify: false, ...line }, connectgaps: false, name: series, meta: { run: run.id, series, previous: false },
    ...more,
  };
}
