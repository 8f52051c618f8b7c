/** The view of a regularisation path: weights and errors along λ, and what its two ends are. */

import { Answer } from './answer.js';
import { getPath } from '../data/api.js';
import { drawErrors, drawWeights, ranked, splits, tellPath } from '../charts/path.js';
import { drawHouseKeys } from '../charts/house.js';
import { make, renew, sayTrouble } from '../page/elements.js';
import { placeOf, titleOf } from '../form/known.js';
import { _, brief, integer, shown } from '../page/texts.js';
import { colours } from '../page/theme.js';

const LAMBDAS = ['penalty.l1', 'penalty.l2'];
const $ = (id) => document.getElementById(id);

export class PathView {
  /** @param {string} id @param {import('./study_place.js').StudyPlace} place @param {import('../page/draw.js').Drawer} drawer */
  constructor(id, place, drawer) {
    this.id = id;
    this.place = place;
    this.drawer = drawer;
    this.colour = colours();
    this.answer = new Answer('path-trouble');
    drawer.add({ id: 'weights', element: $('figure-weights'), draw: () => this.told?.by.length && drawWeights($('figure-weights'), this.told, this.colour, this.#title()) });
    drawer.add({ id: 'errors', element: $('figure-errors'), draw: () => this.told?.by.length && drawErrors($('figure-errors'), this.told, this.colour, this.#title(), this.#ends()) });
  }

  /** Whether an axis of the study is a λ. @param {any} study */
  fits(study) {
    return study.axes.some(({ path }) => LAMBDAS.includes(path));
  }

  /** What REST tells. @returns {any} */
  get told() {
    return this.answer.told;
  }

  /** @param {any} study */
  async load(study) {
    this.study = study;
    const { along, metric, lineAt } = this.place;
    if (!(await this.answer.ask(() => getPath(this.id, { axis: LAMBDAS.includes(along) && study.axes.some(({ path }) => path === along) ? along : '', metric, line: lineAt })))) return;
    this.#say();
    this.drawer.mark('weights', 'errors');
  }

  /** Along which λ, where the other axes are held, and which error. */
  #tools() {
    const { axis, lines, metric } = this.told;
    const ask = (wanted) => {
      Object.assign(this.place, wanted);
      this.place.remember();
      this.load(this.study).catch((problem) => sayTrouble(problem.message, 'path-trouble'));
    };
    const strengths = this.study.axes.filter(({ path }) => LAMBDAS.includes(path));
    const select = (word, options, chosen, wanted) => make('label', {}, make('span', { textContent: word }), make('select', { onchange: (event) => ask(wanted(event.target.value)) }, ...options.map(([value, text]) => new Option(text, value, false, value === chosen))));
    const held = document.activeElement?.closest('#path-tools') && [...$('path-tools').querySelectorAll('select')].indexOf(document.activeElement);
    const parts = [];
    if (strengths.length > 1) parts.push(select('λ', strengths.map(({ path }) => [path, titleOf(path)]), axis.path, (along) => ({ along, lineAt: 0 })));
    if (lines.length > 1) parts.push(select(_('At'), lines.map((values, i) => [String(i), placeOf(values)]), String(this.place.lineAt), (value) => ({ lineAt: Number(value) })));
    if (this.#classes()) parts.push(select(_('Error'), [['loss', _('loss')], ['error', _('share that is wrong')]], metric, (wanted) => ({ metric: wanted })));
    renew($('path-tools'), [axis, lines, metric, this.place.lineAt, this.#classes()], () => parts);
    if (typeof held === 'number') $('path-tools').querySelectorAll('select')[held]?.focus();
  }

  /** Whether there is an accuracy to be had. */
  #classes() {
    return this.study.cells.some((cell) => 'test/accuracy' in (cell.finals ?? {}) || 'val/accuracy' in (cell.finals ?? {}));
  }

  #title() {
    return `λ (${titleOf(this.told.axis.path)})`;
  }

  /** The ends in words: said where the numbers show it. */
  #ends() {
    const words = { overfit: `← ${_('overfitting')}`, underfit: `${_('underfitting')} →`, fits: '' };
    const { ends } = this.told;
    return { low: words[ends?.low.verdict] ?? '', high: words[ends?.high.verdict] ?? '' };
  }

  #say() {
    const none = !this.told?.by.length;
    $('path-none').hidden = !this.told || !none;
    $('path-drawn').hidden = none;
    $('path-told').textContent = '';
    if (!this.told) return;
    this.#tools();
    if (none) return;
    const { by, best, ends } = this.told;
    const words = [];
    if (best) words.push(_('λ = {lambda} has the least validation error, {value}.', { lambda: brief(best.lambda), value: shown(best.val) }));
    if (ends?.low.verdict === 'overfit') words.push(_('Below it: overfitting, the training error is small and the validation error is not.'));
    if (ends?.high.verdict === 'underfit') words.push(_('Above it: underfitting, both errors are large.'));
    const drawn = ranked(by).length;
    const n = by.find(({ weights }) => weights)?.weights.length ?? 0;
    if (n > drawn) words.push(_('The {drawn} largest of {n} weights are drawn.', { drawn: integer(drawn), n: integer(n) }));
    if (n) words.push(this.told.weights_of === 'median' ? _('Weights: medians over the seeds; an open circle is an exact zero.') : _('Weights: of the first seed; an open circle is an exact zero.'));
    $('path-told').textContent = words.join(' ');
    drawHouseKeys($('path-key'), splits().map(({ word, tone, dash }) => ({ name: word, tone, dash })));
    tellPath($('table-path'), this.told);
  }
}
