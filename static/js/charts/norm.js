/** The chosen layer's normalisation: batch against running statistics above, γ and β below. Without one, σ layer by layer. */

import { _, shown } from '../page/texts.js';
import { finite } from './house.js';
import { axis, draw, trace } from './plot.js';

/** @import { Series } from '../data/columns.js' */
/** @import { Run } from '../data/runs.js' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Reading, Scene } from './plot.js' */
/** @typedef {Scene & {run: Run}} Shown */
/** @typedef {{low: number, high: number}} Extent */

/** Series of the upper half; a layer has either the first two (batch norm) or the others (statistics a sample). */
const UPPER = ['norm/mean_shift', 'norm/log_var_ratio', 'norm/sample_mean_spread', 'norm/sample_std_spread', 'norm/sample_std_mean'];
const AFFINE = [['norm/gamma_mean', 'norm/gamma_std'], ['norm/beta_mean', 'norm/beta_std']];
const TONES = ['series-a', 'series-b', 'series-c'];
const DASHES = ['solid', 'dash', 'dot'];

/** A name short enough for the read-out, and in words. @returns {Record<string, [string, string]>} */
const words = () => ({
  'norm/mean_shift': ['|μ_B − μ| / σ', _('distance of the batch mean from the running mean, in running standard deviations')],
  'norm/log_var_ratio': ['ln σ²_B / σ²', _('logarithm of batch variance over running variance')],
  'norm/sample_mean_spread': [_('spread of μ'), _('standard deviation of the samples’ means over the batch')],
  'norm/sample_std_spread': [_('spread of σ'), _('standard deviation of the samples’ standard deviations over the batch')],
  'norm/sample_std_mean': [_('mean σ'), _('mean of the samples’ standard deviations')],
  'norm/gamma_mean': ['γ', _('mean of the scale γ, its spread shaded')],
  'norm/beta_mean': ['β', _('mean of the shift β, its spread shaded')],
});

/** The axes' ranges that a run's figure has reached, by layer and half. @type {WeakMap<Run, Record<string, Extent>>} */
const ranges = new WeakMap();

/** @param {Run | undefined} run @param {string | null} layer @param {string} quantity */
const seriesOf = (run, layer, quantity) => run?.series.get(`layer/${layer}/${quantity}`);

/** The series, where it has a value to draw. @param {Run | undefined} run @param {string | null} layer @param {string} quantity */
const measured = (run, layer, quantity) => {
  const series = seriesOf(run, layer, quantity);
  return series && series.n && !(series.bad[series.n - 1] && Number.isNaN(series.latest) && !Number.isFinite(series.extent().low)) ? series : undefined;
};

/** @param {Run | undefined} run @param {string | null} layer */
export const hasNorm = (run, layer) => [...UPPER, ...AFFINE.map(([mean]) => mean)].some((q) => measured(run, layer, q));

/** @param {Scene} scene */
function drawNorm(scene) {
  const { run, layer } = scene;
  return run && hasNorm(run, layer) ? drawStatistics({ ...scene, run }) : drawSigmas(scene);
}

/** @param {Shown} scene */
function drawStatistics(scene) {
  const { run, layer, colour, range } = scene;
  const upper = UPPER.flatMap((quantity) => {
    const series = measured(run, layer, quantity);
    return series ? [{ quantity, series }] : [];
  });
  const data = upper.map(({ quantity, series }, i) =>
    trace(run, quantity, series.line(range), { color: colour[TONES[i]], width: 1.75, dash: DASHES[i] }, metaOf(run, layer, quantity)),
  );
  AFFINE.forEach(([mean, std], i) => {
    const middle = measured(run, layer, mean);
    if (!middle) return;
    const tone = colour[TONES[i]];
    const line = middle.line(range);
    const spread = seriesOf(run, layer, std);
    if (spread) data.push(band(run, layer, std, line, spread, tone));
    data.push(trace(run, mean, line, { color: tone, width: 1.75, dash: DASHES[i] }, { yaxis: 'y2', ...metaOf(run, layer, mean) }));
  });
  const statistics = extentOf(upper.map(({ series }) => series));
  const affine = extentOf(AFFINE.flatMap(([mean]) => measured(run, layer, mean) ?? []), Math.max(0, ...AFFINE.map(([, std]) => seriesOf(run, layer, std)?.extent().high ?? 0)));
  return draw(scene, data, {
    yaxis: axis(colour, { domain: [0.54, 1], range: grown(run, layer, 'upper', statistics), nticks: 5, zeroline: true }),
    yaxis2: axis(colour, { title: 'γ, β', domain: [0, 0.44], range: grown(run, layer, 'affine', affine), nticks: 4, zeroline: true, anchor: 'x' }),
    xaxis: { anchor: 'y2' },
  });
}

/**
 * γ or β: mean ± standard deviation over its entries.
 * @param {Run} run @param {string | null} layer @param {string} quantity @param {ReturnType<Series['line']>} line @param {Series} spread @param {string} tone
 */
function band(run, layer, quantity, { x, y }, spread, tone) {
  const around = x.map((step) => spread.at(step)?.value ?? 0);
  const points = { x: [...x, ...[...x].reverse()], y: [...y.map((v, i) => (v ?? 0) + around[i]), ...y.map((v, i) => (v ?? 0) - around[i]).reverse()] };
  return trace(run, quantity, points, { width: 0 }, { yaxis: 'y2', fill: 'toself', fillcolor: tone, opacity: 0.18, ...metaOf(run, layer, quantity) });
}

/** @param {Scene} scene */
function drawSigmas(scene) {
  const { run, layer, colour, range } = scene;
  const layers = run?.record.layers ?? [];
  const data = layers.flatMap(({ name }) => {
    const series = seriesOf(run, name, 'activation/std');
    const chosen = name === layer;
    const style = { color: chosen ? colour['series-a'] : colour.muted, width: chosen ? 2.5 : 1.1 };
    return run && series ? [trace(run, 'activation/std', series.line(range), style, { opacity: chosen ? 1 : 0.7, ...metaOf(run, name, 'activation/std') })] : [];
  });
  const values = finite(data.flatMap(({ y }) => y)).filter((v) => v > 0);
  const low = values.length ? Math.floor(Math.log10(Math.min(...values))) : -1;
  const high = values.length ? Math.ceil(Math.log10(Math.max(...values))) : 1;
  const dtick = Math.max(1, Math.ceil((high - low) / 6));
  return draw(scene, data, { yaxis: axis(colour, { title: 'σ', type: 'log', range: [low, Math.max(high, low + 1)], dtick, exponentformat: 'power', visible: Boolean(run) }) });
}

/** @param {Run} run @param {string | null} layer @param {string} quantity */
const metaOf = (run, layer, quantity) => ({ meta: { run: run.id, series: `layer/${layer}/${quantity}`, layer, previous: false } });

/** Lowest and highest value of several series, zero with them. @param {Series[]} list @param {number} [around] */
function extentOf(list, around = 0) {
  const extents = list.map((series) => series.extent());
  return [Math.min(0, ...extents.map((e) => e.low)) - around, Math.max(0, ...extents.map((e) => e.high)) + around];
}

/**
 * An axis range that only ever grows, by steps, while one layer of one run is shown.
 * @param {Run} run @param {string | null} layer @param {'upper' | 'affine'} half @param {number[]} extent
 */
function grown(run, layer, half, [low, high]) {
  const ofRun = ranges.get(run) ?? {};
  ranges.set(run, ofRun);
  const held = (ofRun[`${layer}/${half}`] ??= { low: 0, high: 0.1 });
  const step = (/** @type {number} */ value) => Math.ceil(value / 0.25) * 0.25;
  while (held.high < high) held.high = Math.max(step(high), Math.min(2 * held.high, 1e30));
  while (held.low > low) held.low = Math.min(-step(-low), Math.max(2 * held.low, -1e30));
  return [held.low, held.high];
}

/** @param {Run} run @param {number | null} step @param {Colours} colour @param {string | null} layer @returns {Reading[]} */
function read(run, step, colour, layer) {
  if (!hasNorm(run, layer)) {
    const at = seriesOf(run, layer, 'activation/std')?.at(step);
    return at ? [{ name: `${layer} σ`, value: shown(at.value), colour: colour['series-a'], step: at.step }, { name: _('other layers'), value: '', colour: colour.muted }] : [];
  }
  const said = words();
  const rows = [...UPPER.filter((q) => measured(run, layer, q)), ...AFFINE.map(([mean]) => mean).filter((q) => measured(run, layer, q))];
  let upper = 0;
  return rows.map((quantity) => {
    const i = quantity.startsWith('norm/gamma') ? 0 : quantity.startsWith('norm/beta') ? 1 : upper++;
    const at = seriesOf(run, layer, quantity)?.at(step);
    const [name, long] = said[quantity];
    return { name, long, value: shown(at?.value ?? null), colour: colour[TONES[i]], dashed: i > 0, step: at?.step };
  });
}

/** What the figure asks, by what the layer has. @param {Run | undefined} run @param {string | null} layer */
export function questionOf(run, layer) {
  if (run && !hasNorm(run, layer)) return _('Does the signal survive every layer?');
  const perSample = run && !measured(run, layer, UPPER[0]) && UPPER.slice(2).some((q) => measured(run, layer, q));
  return perSample ? _('How far apart are the samples before they are normalised?') : _('Does the batch agree with the running statistics?');
}

export const norm = { draw: drawNorm, read };
