/** Loss or accuracy over the steps: training raw and smoothed, validation dashed, test at its end, the last run grey behind. */

import { _, shown } from '../page/texts.js';
import { finite } from './house.js';
import { axis, draw, roof, trace } from './plot.js';

/** @import { Run } from '../data/runs.js' */
/** @import { Colours } from '../page/theme.js' */
/** @import { Past, Reading, Scene } from './plot.js' */

const WEIGHT = 0.9; // of the debiased mean, as TensorBoard's slider

/** @param {'loss' | 'accuracy'} quantity */
export function curves(quantity) {
  const [train, val, test] = ['train', 'val', 'test'].map((split) => `${split}/${quantity}`);

  /** @param {Run} run @param {Scene} scene @param {boolean} previous @param {string} [tone] of a run that is one of several */
  function of(run, scene, previous, tone) {
    const { colour, range } = scene;
    const one = previous ? colour.previous : tone;
    const [a, b, c] = one ? Array(3).fill(one) : [colour['series-a'], colour['series-b'], colour['series-c']];
    const meta = (/** @type {string} */ series) => ({ meta: { run: run.id, series, previous } });
    const [trained, validated, tested] = [train, val, test].map((name) => run.series.get(name));
    const traces = [];
    if (trained) {
      traces.push(trace(run, train, trained.line(range), { color: a, width: 1 }, { opacity: previous ? 0.3 : 0.35, ...meta(train) }));
      traces.push(trace(run, train, trained.smooth(range, WEIGHT), { color: a, width: 2 }, meta(`${train}/smoothed`)));
    }
    if (validated) {
      const marks = validated.n <= 60 ? 'lines+markers' : 'lines';
      traces.push(trace(run, val, validated.line(range), { color: b, width: 2, dash: 'dash' }, { mode: marks, marker: { size: 5, color: b }, ...meta(val) }));
    }
    if (tested) {
      traces.push(trace(run, test, tested.line(null), {}, { mode: 'markers', cliponaxis: false, marker: { symbol: 'diamond', size: 10, color: c }, ...meta(test) }));
    }
    const learnt = quantity === 'accuracy' && run.series.get('labels/wrong_learnt');
    if (learnt) traces.push(trace(run, 'labels/wrong_learnt', learnt.line(range), { color: one ?? colour['series-d'], width: 1.5, dash: 'dot' }, meta('labels/wrong_learnt')));
    return traces;
  }

  /** @param {Scene} scene */
  function drawCurves(scene) {
    const { run, previous, colour, log, beside, tone } = scene;
    const others = beside.flatMap((other) => of(other.run, scene, false, other.colour));
    const data = [...(previous ? of(previous, scene, true) : []), ...others, ...(run ? of(run, scene, false, tone) : [])];
    const yaxis = quantity === 'accuracy' ? { range: [0, 1.02], tickformat: '.1f' } : lossAxis(data, log);
    return draw(scene, data, { yaxis: axis(colour, yaxis) });
  }

  /**
   * What the figure says at a step. @param {Run} run @param {number | null} step @param {Colours} colour
   * @param {string | null} _layer @param {Past | null} _past @param {string} [tone] @returns {Reading[]}
   */
  function read(run, step, colour, _layer, _past, tone) {
    /** @type {[string, string, string, boolean][]} */
    const rows = [
      [train, _('training'), tone ?? colour['series-a'], false],
      [val, _('validation'), tone ?? colour['series-b'], true],
      [test, _('test'), tone ?? colour['series-c'], false],
    ];
    if (quantity === 'accuracy') rows.push(['labels/wrong_learnt', _('wrong labels learnt'), colour['series-d'], false]);
    return rows.flatMap(([name, word, tone, dashed]) => {
      const at = run.series.get(name)?.at(step);
      return at ? [{ name: word, value: shown(at.value), colour: tone, dashed, step: at.step }] : [];
    });
  }

  return { draw: drawCurves, read };
}

/** The largest of what a person follows, the smoothed and the validated: a lone spike of one batch runs out of the figure. @param {ReturnType<typeof trace>[]} data @param {boolean} log */
function lossAxis(data, log) {
  const values = data.filter(({ meta }) => !meta.series.startsWith('train') || meta.series.endsWith('smoothed')).flatMap(({ y }) => y);
  const known = finite(values);
  if (!log) return { range: [0, roof(1.02 * Math.max(0, ...known))], rangemode: 'tozero' };
  const positive = known.filter((v) => v > 0);
  if (!positive.length) return { type: 'log', range: [-2, 1] };
  const [low, high] = [Math.floor(Math.log10(Math.min(...positive))), Math.ceil(Math.log10(Math.max(...positive)))];
  return { type: 'log', range: [low, Math.max(high, low + 1)], dtick: high - low > 6 ? 2 : 1, exponentformat: 'power' };
}
