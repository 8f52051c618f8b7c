/** The view of a regularisation path: weights and errors along λ, and what its two ends are. */

import { Answer } from './answer.js';
import { asProblem, getPath } from '../data/api.js';
import { drawErrors, drawWeights, ranked, splits, tellPath } from '../charts/path.js';
import { drawHouseKeys } from '../charts/house.js';
import { $, all, make, renew, sayTrouble, typed } from '../page/elements.js';
import { placeOf, titleOf } from '../form/known.js';
import { _, brief, integer, shown } from '../page/texts.js';
import { colours } from '../page/theme.js';

/** @import { Path, Study } from '../data/wire.d.ts' */
/** @import { StudyPlace } from './study_place.js' */

const LAMBDAS = ['penalty.l1', 'penalty.l2'];

export class PathView {
  /** @param {string} id @param {StudyPlace} place @param {import('../page/draw.js').Drawer} drawer */
  constructor(id, place, drawer) {
    this.id = id;
    this.place = place;
    this.drawer = drawer;
    this.colour = colours();
    /** @type {Study | null} */
    this.study = null;
    /** @type {Answer<Path>} */
    this.answer = new Answer('path-trouble');
    drawer.add({ id: 'weights', element: $('figure-weights'), draw: () => this.told?.by.length && drawWeights($('figure-weights'), this.told, this.colour, titleOfAxis(this.told)) });
    drawer.add({ id: 'errors', element: $('figure-errors'), draw: () => this.told?.by.length && drawErrors($('figure-errors'), this.told, this.colour, titleOfAxis(this.told), endsOf(this.told)) });
  }

  /** Whether an axis of the study is a λ. @param {Study} study */
  fits(study) {
    return study.axes.some(({ path }) => LAMBDAS.includes(path));
  }

  /** What REST tells. */
  get told() {
    return this.answer.told;
  }

  /** @param {Study} study */
  async load(study) {
    this.study = study;
    const { along, metric, lineAt } = this.place;
    if (!(await this.answer.ask(() => getPath(this.id, { axis: LAMBDAS.includes(along) && study.axes.some(({ path }) => path === along) ? along : '', metric, line: lineAt })))) return;
    this.#say();
    this.drawer.mark('weights', 'errors');
  }

  /** Along which λ, where the other axes are held, and which error. @param {Path} told @param {Study} study */
  #tools({ axis, lines, metric }, study) {
    const ask = (/** @type {Partial<StudyPlace>} */ wanted) => {
      Object.assign(this.place, wanted);
      this.place.remember();
      this.load(study).catch((caught) => sayTrouble(asProblem(caught).message, 'path-trouble'));
    };
    const strengths = study.axes.filter(({ path }) => LAMBDAS.includes(path));
    const classes = hasClasses(study);
    /** @param {string} word @param {string[][]} options value and text @param {string} chosen @param {(value: string) => Partial<StudyPlace>} wanted */
    const select = (word, options, chosen, wanted) => make('label', {}, make('span', { textContent: word }), make('select', { onchange: (event) => ask(wanted(typed(event))) }, ...options.map(([value, text]) => new Option(text, value, false, value === chosen))));
    const selects = () => all($('path-tools'), 'select');
    const held = selects().findIndex((one) => one === document.activeElement);
    /** @type {HTMLElement[]} */
    const parts = [];
    if (strengths.length > 1) parts.push(select('λ', strengths.map(({ path }) => [path, titleOf(path)]), axis.path, (along) => ({ along, lineAt: 0 })));
    if (lines.length > 1) parts.push(select(_('At'), lines.map((values, i) => [String(i), placeOf(values)]), String(this.place.lineAt), (value) => ({ lineAt: Number(value) })));
    if (classes) parts.push(select(_('Error'), [['loss', _('loss')], ['error', _('share that is wrong')]], metric, (value) => ({ metric: value === 'error' ? value : 'loss' })));
    renew($('path-tools'), [axis, lines, metric, this.place.lineAt, classes], () => parts);
    if (held >= 0) selects()[held]?.focus();
  }

  #say() {
    const { told } = this;
    const none = !told?.by.length;
    $('path-none').hidden = !told || !none;
    $('path-drawn').hidden = none;
    $('path-told').textContent = '';
    if (!told || !this.study) return;
    this.#tools(told, this.study);
    if (none) return;
    const { by, best, ends } = told;
    const words = [];
    if (best) words.push(_('λ = {lambda} has the least validation error, {value}.', { lambda: brief(best.lambda), value: shown(best.val) }));
    if (ends?.low.verdict === 'overfit') words.push(_('Below it: overfitting, the training error is small and the validation error is not.'));
    if (ends?.high.verdict === 'underfit') words.push(_('Above it: underfitting, both errors are large.'));
    const drawn = ranked(by).length;
    const n = by.find(({ weights }) => weights)?.weights?.length ?? 0;
    if (n > drawn) words.push(_('The {drawn} largest of {n} weights are drawn.', { drawn: integer(drawn), n: integer(n) }));
    if (n) words.push(told.weights_of === 'median' ? _('Weights: medians over the seeds; an open circle is an exact zero.') : _('Weights: of the first seed; an open circle is an exact zero.'));
    $('path-told').textContent = words.join(' ');
    drawHouseKeys($('path-key'), splits().map(({ word, tone, dash }) => ({ name: word, tone, dash })));
    tellPath($('table-path', HTMLTableElement), told);
  }
}

/** Whether there is an accuracy to be had. @param {Study} study */
const hasClasses = (study) => study.cells.some((cell) => 'test/accuracy' in (cell.finals ?? {}) || 'val/accuracy' in (cell.finals ?? {}));

/** @param {Path} told */
const titleOfAxis = (told) => `λ (${titleOf(told.axis.path)})`;

/** The ends in words: said where the numbers show it. @param {Path} told */
function endsOf({ ends }) {
  const words = { overfit: `← ${_('overfitting')}`, underfit: `${_('underfitting')} →`, fits: '' };
  return { low: ends ? words[ends.low.verdict] : '', high: ends ? words[ends.high.verdict] : '' };
}
