/** Vertical flags where something was changed, the same on every figure; a burst of one drag bears one label. */

import { _, brief } from '../page/texts.js';

/** @import { Changes, RunEvent } from '../data/wire.d.ts' */
/** @import { Run } from '../data/runs.js' */
/** @import { Colours } from '../page/theme.js' */
/** @typedef {Extract<RunEvent, {kind: 'control'}>} Change */

const BURST = 1.5; // seconds between changes that count as one drag
const LABELLED = 5;

/** @typedef {{step: number, text: string}} Flag */

/**
 * @param {Run | undefined} run
 * @param {(path: string) => string} title a control's label
 * @returns {Flag[]} `text` is empty for the first of a burst
 */
export function flagsOf(run, title) {
  const events = run?.events ?? [];
  const changes = events.filter((e) => e.kind === 'control').filter((e) => e.data.action === 'set' && !e.data.error);
  const seen = changes.filter((e) => Object.keys(e.data.changes ?? {}).some((path) => path !== 'pace'));
  // Of a drag its beginning and its end, however many values it went through.
  /** @param {Change | undefined} a @param {Change | undefined} b */
  const one = (a, b) => a !== undefined && b !== undefined && b.time - a.time < BURST && paths(a) === paths(b);
  const flags = seen.flatMap((event, i) => {
    const [goesOn, wentOn] = [one(event, seen[i + 1]), one(seen[i - 1], event)];
    return goesOn && wentOn ? [] : [{ step: event.step, text: goesOn ? '' : words(event.data.changes ?? {}, title) }];
  });
  const stops = events.filter((e) => e.kind === 'early_stop').map((e) => ({ step: e.step, text: e.data.obeyed === false ? _('early stopping would end here') : title('stop.early') }));
  const failed = events.filter((e) => e.kind === 'probe_failed').map((e) => ({ step: e.step, text: _('measurement {probe} failed, left out', { probe: e.data.probe }) }));
  const forks = events.filter((e) => e.kind === 'forked').map((e) => ({ step: e.step, text: _('forked here') }));
  const resumed = events.filter((e) => e.kind === 'resumed').map((e) => ({ step: e.step, text: _('resumed here') }));
  return [...flags, ...stops, ...failed, ...forks, ...resumed];
}

/** @param {Change} event */
const paths = (event) => Object.keys(event.data.changes ?? {}).sort().join();

/** @param {Changes} changes @param {(path: string) => string} title */
const words = (changes, title) =>
  Object.entries(changes).filter(([path]) => path !== 'pace').map(([path, value]) => `${title(path)} ${typeof value === 'number' ? brief(value) : value}`).join(', ');

/**
 * Flags and the end of a diverged run as Plotly shapes and annotations.
 * @param {Flag[]} flags @param {number | null} diverged step @param {Colours} colour @param {[number, number]} range
 */
export function drawnFlags(flags, diverged, colour, range) {
  const line = (/** @type {number} */ step, /** @type {object} */ style) => ({ type: 'line', xref: 'x', yref: 'paper', x0: step, x1: step, y0: 0, y1: 1, layer: 'above', line: style });
  const inside = flags.filter(({ step }) => step >= range[0] && step <= range[1]);
  const shapes = inside.map(({ step, text }) => line(step, { color: colour.flag, width: text ? 1.5 : 0.75, dash: text ? 'solid' : 'dot' }));
  if (diverged !== null) shapes.push(line(diverged, { color: colour.bad, width: 1.5, dash: 'solid' }));
  const labelled = inside.filter(({ text }) => text).slice(-LABELLED);
  const annotations = labelled.map(({ step, text }) => {
    const late = step > range[0] + 0.7 * (range[1] - range[0]);
    return {
      x: step, xref: 'x', y: 1, yref: 'paper', yanchor: 'bottom', xanchor: late ? 'right' : 'left', text: `⚑ ${escaped(text)}`, showarrow: false,
      font: { size: 11, color: colour.flag }, bgcolor: colour.card, borderpad: 1,
    };
  });
  return { shapes, annotations };
}

/** Plotly reads a few tags in texts. @param {string} text */
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
