/** The layers at the bottom: a chip each, with a small curve and an alarm; one is chosen. */

import { brush } from '../charts/ticks.js';
import { all, around, one } from '../page/elements.js';
import { _, shown } from '../page/texts.js';

/** @import { Layer } from '../data/wire.d.ts' */
/** @import { Run } from '../data/runs.js' */
/** @import { Series } from '../data/columns.js' */
/** @import { Colours } from '../page/theme.js' */

const POINTS = 90;

/** @param {Run} run @param {string} layer @returns {string} what is wrong with it, or '' */
export function alarmOf(run, layer) {
  const value = (/** @type {string} */ quantity) => run.series.get(`layer/${layer}/${quantity}`)?.latest ?? null;
  const std = value('activation/std');
  const bad = [std, value('gradient/norm')].some((held) => held !== null && !Number.isFinite(held));
  if (bad) return _('values that aren’t finite');
  if (std !== null && std < 1e-3) return _('the signal has all but vanished');
  if (saturates(run, layer) && (value('activation/saturated') ?? 0) > 0.5) return _('more than half saturated');
  if ((value('activation/dead') ?? 0) > 0.5) return _('more than half of the units are dead');
  return '';
}

/** Half of a ReLU's outputs are zero in a healthy network: for those, dead units count instead. @param {Run} run @param {string} layer */
const saturates = (run, layer) => ['tanh', 'sigmoid'].includes(run.record.layers.find((l) => l.name === layer)?.activation ?? '');

/** @type {Record<string, number>} */
const MOVES = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class Strip {
  /** @param {HTMLElement} element @param {(layer: string) => void} choose */
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    this.quantity = 'activation/std';
    this.names = '';
    /** @type {Map<string, HTMLButtonElement>} */
    this.chips = new Map();
    /** @type {string | null} */
    this.chosen = null;
    /** @type {(() => void) | undefined} */
    this.redraw = undefined;
    element.addEventListener('click', (event) => {
      const chip = around(event, '[role="radio"]');
      if (chip) choose(chip.dataset.layer ?? '');
    });
    element.addEventListener('keydown', (event) => this.#key(event));
    for (const button of all(document, '[data-quantity]')) button.addEventListener('click', () => this.#measure(button));
  }

  /** @param {HTMLElement} chosen a button */
  #measure(chosen) {
    this.quantity = chosen.dataset.quantity ?? this.quantity;
    for (const button of all(document, '[data-quantity]')) button.setAttribute('aria-pressed', String(button === chosen));
    this.redraw?.();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const names = [...this.chips.keys()];
    const next = names[(names.indexOf(this.chosen ?? '') + move + names.length) % names.length];
    this.choose(next);
    this.chips.get(next)?.focus();
  }

  /** @param {Run | undefined} run @param {string | null} chosen @param {Colours} colour */
  draw(run, chosen, colour) {
    this.redraw = () => this.draw(run, this.chosen, colour);
    this.chosen = chosen;
    const layers = run?.record.layers ?? [];
    const names = layers.map((l) => l.name).join('\n');
    if (names !== this.names) this.#build(layers);
    this.names = names;
    if (run) for (const [name, chip] of this.chips) this.#chip(run, name, chip, name === chosen, colour);
  }

  /** @param {Layer[]} layers */
  #build(layers) {
    this.element.replaceChildren();
    this.chips.clear();
    for (const { name, kind, norm, activation } of layers) {
      const chip = document.createElement('button');
      chip.type = 'button';
      chip.className = 'chip';
      chip.dataset.layer = name;
      chip.setAttribute('role', 'radio');
      chip.title = [kind, norm, activation].filter(Boolean).join(' · ');
      const title = document.createElement('span');
      title.className = 'chip-name';
      title.textContent = name;
      const mark = document.createElement('span');
      mark.className = 'chip-alarm';
      const value = document.createElement('span');
      value.className = 'chip-value';
      chip.append(title, mark, document.createElement('canvas'), value);
      this.element.append(chip);
      this.chips.set(name, chip);
    }
  }

  /** @param {Run} run @param {string} name @param {HTMLButtonElement} chip @param {boolean} chosen @param {Colours} colour */
  #chip(run, name, chip, chosen, colour) {
    const series = run.series.get(`layer/${name}/${this.quantity}`);
    const alarm = alarmOf(run, name);
    chip.setAttribute('aria-checked', String(chosen));
    chip.tabIndex = chosen ? 0 : -1;
    chip.classList.toggle('alarmed', Boolean(alarm));
    const mark = one(chip, '.chip-alarm');
    mark.textContent = alarm ? '⚠' : '';
    mark.title = alarm;
    const value = `${this.quantity === 'activation/std' ? 'σ' : '‖∇‖'} ${shown(series?.latest ?? null)}`;
    one(chip, '.chip-value').textContent = value;
    chip.setAttribute('aria-label', [name, value, alarm].filter(Boolean).join(', '));
    if (series) sparkline(one(chip, 'canvas', HTMLCanvasElement), series, alarm ? colour.bad : chosen ? colour['series-a'] : colour.muted);
  }
}

/** A small curve on a log axis, because a signal vanishes by powers of ten. @param {HTMLCanvasElement} canvas @param {Series} series @param {string} colour */
function sparkline(canvas, series, colour) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  if (!width) return;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = brush(canvas);
  context.clearRect(0, 0, width, height);
  const { x, y } = series.line(null, POINTS);
  const logs = y.map((v) => (v !== null && v > 0 ? Math.log10(v) : null));
  const finite = logs.filter((v) => v !== null);
  if (!finite.length) return;
  const middle = (Math.max(...finite) + Math.min(...finite)) / 2;
  const span = Math.max(0.5, Math.max(...finite) - Math.min(...finite)) * 1.15;
  const across = Math.max(1, x[x.length - 1] - x[0]);
  context.lineWidth = 1.5 * ratio;
  context.lineJoin = 'round';
  context.strokeStyle = colour;
  context.beginPath();
  let down = false;
  logs.forEach((v, i) => {
    if (v === null) {
      down = false;
      return;
    }
    /** @type {[number, number]} */
    const place = [((x[i] - x[0]) / across) * (width - 4 * ratio) + 2 * ratio, height / 2 - ((v - middle) / span) * (height - 4 * ratio)];
    if (down) context.lineTo(...place);
    else context.moveTo(...place);
    down = true;
  });
  context.stroke();
}
