/** Loss or accuracy over the steps: training raw and smoothed, validation dashed, test at its end, the last run grey behind. */

import { _, shown } from '../page/texts.js';
import { axis, draw, roof, trace } from './plot.js';

const WEIGHT = 0.9; // of the debiased mean, as TensorBoard's slider

/** @param {'loss' | 'accuracy'} quantity */
export function curves(quantity) {
  const [train, val, test] = ['train', 'val', 'test'].map((split) => `${split}/${quantity}`);

  /** @param {import('./plot.js').Scene} scene @param {boolean} previous @param {string} [tone] of a run that is one of several */
  function of(run, scene, previous, tone) {
    const { colour, range } = scene;
    const one = previous ? colour.previous : tone;
    const [a, b, c] = one ? Array(3).fill(one) : [colour['series-a'], colour['series-b'], colour['series-c']];
    const meta = (series) => ({ meta: { run: run.id, series, previous } });
    const held = (name) => run.series.get(name);
    const traces = [];
    if (held(train)) {
      traces.push(trace(run, train, held(train).line(range), { color: a, width: 1 }, { opacity: previous ? 0.3 : 0.35, ...meta(train) }));
      traces.push(trace(run, train, held(train).smooth(range, WEIGHT), { color: a, width: 2 }, meta(`${train}/smoothed`)));
    }
    if (held(val)) {
      const marks = held(val).n <= 60 ? 'lines+markers' : 'lines';
      traces.push(trace(run, val, held(val).line(range), { color: b, width: 2, dash: 'dash' }, { mode: marks, marker: { size: 5, color: b }, ...meta(val) }));
    }
    if (held(test)) {
      traces.push(trace(run, test, held(test).line(null), {}, { mode: 'markers', cliponaxis: false, marker: { symbol: 'diamond', size: 10, color: c }, ...meta(test) }));
    }
    const learnt = quantity === 'accuracy' && held('labels/wrong_learnt');
    if (learnt) traces.push(trace(run, 'labels/wrong_learnt', learnt.line(range), { color: one ?? colour['series-d'], width: 1.5, dash: 'dot' }, meta('labels/wrong_learnt')));
    return traces;
  }

  /** @param {import('./plot.js').Scene} scene */
  function drawCurves(scene) {
    const { run, previous, colour, log, beside, tone } = scene;
    const others = beside.flatMap((other) => of(other.run, scene, false, other.colour));
    const data = [...(previous ? of(previous, scene, true) : []), ...others, ...(run ? of(run, scene, false, tone) : [])];
    const yaxis = quantity === 'accuracy' ? { range: [0, 1.02], tickformat: '.1f' } : lossAxis(data, log);
    return draw(scene, data, { yaxis: axis(colour, yaxis) });
  }

  /** What the figure says at a step. @param {import('../data/runs.js').Run} run @param {number | null} step @returns {import('./plot.js').Reading[]} */
  function read(run, step, colour, _layer, _past, tone) {
    const rows = [
      [train, _('training'), tone ?? colour['series-a'], false],
      [val, _('validation'), tone ?? colour['series-b'], true],
      [test, _('test'), tone ?? colour['series-c'], false],
      ...(quantity === 'accuracy' ? [['labels/wrong_learnt', _('wrong labels learnt'), colour['series-d'], false]] : []),
    ];
    return rows.flatMap(([name, word, tone, dashed]) => {
      const at = run.series.get(name)?.at(step);
      return at ? [{ name: word, value: shown(at.value), colour: tone, dashed, step: at.step }] : [];
    });
  }

  return { draw: drawCurves, read };
}

/** The largest of what a person follows, the smoothed and the validated: a lone spike of one batch runs out of the figure. */
function lossAxis(data, log) {
  const values = data.filter(({ meta }) => !meta.series.startsWith('train') || meta.series.endsWith('smoothed')).flatMap(({ y }) => y);
  const finite = values.filter((v) => v !== null && Number.isFinite(v));
  if (!log) return { range: [0, roof(1.02 * Math.max(0, ...finite))], rangemode: 'tozero' };
  const positive = finite.filter((v) => v > 0);
  if (!positive.length) return { type: 'log', range: [-2, 1] };
  const [low, high] = [Math.floor(Math.log10(Math.min(...positive))), Math.ceil(Math.log10(Math.max(...positive)))];
  return { type: 'log', range: [low, Math.max(high, low + 1)], dtick: high - low > 6 ? 2 : 1, exponentformat: 'power' };
}
