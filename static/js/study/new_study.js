/** A new study: a ready-made one in one click, or a base, axes and seeds, checked before it is sent. */

import { asProblem, createStudy, getRun, intentKey, listRuns } from '../data/api.js';
import { Axis } from '../form/axis.js';
import { look } from '../form/controls.js';
import { $, all, fill, maybe, sayTrouble } from '../page/elements.js';
import { defaults, fieldOf, setupOf, studies } from '../form/known.js';
import { installPaper, showPaper } from '../page/paper.js';
import { at } from '../page/place.js';
import { put } from '../data/runs.js';
import { decode, difference, overlay } from '../page/share.js';
import { _, integer, language } from '../page/texts.js';
import { installTheme } from '../page/theme.js';
import { opened } from '../page/opened.js';

const LONG = 20_000; // steps of a run that the Lab lets go on to be watched
const ENOUGH = 2000;
const RECENT = 30;

/** @import { FieldError, ReadyStudy, Spec, StudyRequest } from '../data/wire.d.ts' */

/** @typedef {FieldError & {axis?: Axis}} Refusal `axis`: where it is said */
/** @typedef {{view?: string, shown?: string}} Shown how a study is opened */

/** Specs that a study may begin from, by the select's value: full ones. */
const bases = new Map([['defaults', defaults]]);
const chosen = $('base', HTMLSelectElement);
const [title, seeds, maxEpochs, maxSteps, resample] = ['study-name', 'seeds', 'max-epochs', 'max-steps', 'resample'].map((id) => $(id, HTMLInputElement));
const names = [['defaults', _('the default settings')]];
const axes = all(document, '[data-axis]').map((element, i) => new Axis(element, i, count));
/** The control that a part of a study is typed into. */
const CONTROLS = { name: title, base: chosen, seeds };
/** @type {(keyof typeof CONTROLS)[]} */
const PARTS = ['name', 'base', 'seeds'];
let sending = false;

const chosenSpec = () => bases.get(chosen.value) ?? defaults;

/** The chosen base with the lengths that were typed. */
function base() {
  const spec = structuredClone(chosenSpec());
  put(spec, 'stop.max_epochs', wholeOf(maxEpochs.value));
  put(spec, 'stop.max_steps', wholeOf(maxSteps.value));
  if (!$('resample-row').hidden) {
    if (resample.checked) {
      spec.data.split_seed ??= spec.seed;
      if (spec.data.resample === 'none') spec.data.resample = 'bootstrap';
    } else Object.assign(spec.data, { split_seed: null, resample: 'none' });
  }
  return { ...spec, pace: null, name: '', tags: [], notes: '' };
}

/** A whole number, none, or the text as it was typed, for the server to refuse. @param {string} text */
function wholeOf(text) {
  const typed = text.trim();
  if (!typed) return null;
  return Number.isFinite(Number(typed)) ? Number(typed) : typed;
}

/** What is sent, and what is wrong with it. */
function read() {
  /** @type {Refusal[]} */
  const errors = [];
  /** @type {StudyRequest} */
  const body = { name: title.value.trim(), base: difference(base(), defaults) ?? {}, axes: {}, seeds: wholeOf(seeds.value) };
  for (const axis of axes.filter(({ path }) => path)) {
    const { values, error } = axis.read();
    if (error) errors.push({ loc: `axes.${axis.path}`, msg: error, axis });
    else if (axis.path in body.axes) errors.push({ loc: `axes.${axis.path}`, msg: _('This field is the first axis already.'), axis });
    else body.axes[axis.path] = values;
  }
  if (!(typeof body.seeds === 'number' && Number.isInteger(body.seeds) && body.seeds >= 1 && body.seeds <= 100)) errors.push({ loc: 'seeds', msg: _('Give a whole number from 1 to 100.') });
  return { body, errors };
}

/** How much it would be. */
function count() {
  const { body, errors } = read();
  const sizes = Object.values(body.axes).map((values) => values.length);
  const cells = sizes.reduce((product, n) => product * n, 1);
  const known = !errors.length;
  $('count').textContent = known ? countWord(cells, Number(body.seeds), sizes) : '–';
}

/** @param {number} cells @param {number} each seeds of each @param {number[]} sizes of the axes */
function countWord(cells, each, sizes) {
  const grid = sizes.length > 1 ? `${sizes.map(integer).join(' × ')} = ` : '';
  const parts = [cells === 1 ? _('1 cell') : _('{n} cells', { n: `${grid}${integer(cells)}` }), each === 1 ? _('1 seed') : _('{n} seeds', { n: integer(each) })];
  const runs = cells * each === 1 ? _('1 run') : _('{n} runs', { n: integer(cells * each) });
  return `${parts.join(' × ')}: ${runs}`;
}

/** Say beside each field what is wrong with it; what belongs to none of them stands above all. @param {Refusal[]} errors */
function refuse(errors) {
  clear();
  const loose = [];
  for (const { loc, msg, axis } of errors) {
    const at = axis ?? axes.find(({ path }) => path && (loc === `axes.${path}` || loc.startsWith(`axes.${path}.`)));
    const id = PARTS.find((one) => loc === one || loc.startsWith(`${one}.`));
    const text = id === 'base' && loc !== 'base' ? `${loc.slice('base.'.length)}: ${msg}` : msg;
    if (at) at.say(msg);
    else if (id) {
      $(`error-${id}`).textContent = [$(`error-${id}`).textContent, text].filter(Boolean).join(' · ');
      $(`error-${id}`).hidden = false;
      CONTROLS[id].setAttribute('aria-invalid', 'true');
    } else loose.push(`${loc}: ${msg}`);
  }
  if (loose.length) sayTrouble(loose.join(' · '));
  document.querySelector('.field-error:not([hidden]), .trouble:not([hidden])')?.closest('.field, .trouble')?.scrollIntoView({ block: 'center' });
  maybe(document, 'main [aria-invalid]')?.focus({ preventScroll: true });
}

function clear() {
  sayTrouble(null);
  for (const id of PARTS) {
    $(`error-${id}`).hidden = true;
    $(`error-${id}`).textContent = '';
    CONTROLS[id].removeAttribute('aria-invalid');
  }
  for (const axis of axes) axis.say(null);
}

/** @param {StudyRequest & Shown} body @param {HTMLElement} button */
async function send(body, button) {
  if (sending) return;
  sending = true;
  button.setAttribute('aria-busy', 'true');
  clear();
  try {
    const { id } = await createStudy(wire(body), intentKey());
    const place = new URLSearchParams(Object.entries({ view: body.view ?? '', final: body.shown ?? '' }).filter(([, value]) => value));
    location.href = at(`/studies/${encodeURIComponent(id)}${place.size ? `#${place}` : ''}`);
  } catch (caught) {
    const problem = asProblem(caught);
    if (problem.errors.length) refuse(problem.errors);
    else sayTrouble(problem.message);
  }
  sending = false;
  button.removeAttribute('aria-busy');
}

/** What the server knows of a study. @param {StudyRequest & Shown} body @returns {StudyRequest} */
const wire = ({ name, notes, base: from, axes: over, seeds: each }) => ({ name, ...(notes ? { notes } : {}), base: from, axes: over, seeds: each });

/** The ready-made study that an element of the page is for. @param {string | undefined} name */
function ready(name) {
  const found = studies.find((one) => one.name === name);
  if (!found) throw new TypeError(`the catalogue has no study ${name}`);
  return found;
}

/** @param {ReadyStudy} one @returns {StudyRequest & Shown} */
const bodyOf = (one) => ({ name: one.label[language] ?? one.label.en, notes: one.sentence[language] ?? one.sentence.en, base: one.base, axes: one.axes, seeds: one.seeds, view: one.view, shown: one.shown });

/** A ready-made study in the form, to be changed first. @param {ReadyStudy} one */
function adopt(one) {
  clear();
  addBase('ready', one.label[language] ?? one.label.en, overlay(defaults, one.base));
  chosen.value = 'ready';
  adoptBase();
  title.value = one.label[language] ?? one.label.en;
  seeds.value = String(one.seeds);
  const given = Object.entries(one.axes);
  axes.forEach((axis, i) => {
    if (given[i]) axis.set(...given[i]);
    else axis.clear();
  });
  count();
  $('build').scrollIntoView();
  title.focus({ preventScroll: true });
}

/** Whether the form can show it: two axes over plain values. @param {ReadyStudy} one */
const fits = (one) => Object.keys(one.axes).length <= axes.length && Object.entries(one.axes).every(([path, values]) => fieldOf(path) && values.every((value) => value === null || typeof value !== 'object'));

/** @param {string} key @param {string} name @param {Spec} spec */
function addBase(key, name, spec) {
  bases.set(key, spec);
  const at = names.findIndex(([held]) => held === key);
  if (at >= 0) names[at] = [key, name];
  else names.push([key, name]);
  fill(chosen, names);
}

function adoptBase() {
  const spec = chosenSpec();
  const { max_epochs: epochs, max_steps: steps } = spec.stop;
  const watched = chosen.value !== 'ready' && epochs === null && steps !== null && steps >= LONG;
  maxEpochs.value = String(epochs ?? '');
  maxSteps.value = String((watched ? ENOUGH : steps) ?? '');
  $('resample-row').hidden = !('resample' in spec.data);
  resample.checked = spec.data.split_seed !== null && spec.data.split_seed !== undefined;
  $('base-word').textContent = setupOf(spec);
  for (const axis of axes) axis.offer((path) => look(spec, path));
  count();
}

/** @param {string} key of a base */
function choose(key) {
  chosen.value = key;
  adoptBase();
}

async function recall() {
  const place = new URLSearchParams(location.hash.slice(1));
  const spec = decode(place.get('spec') ?? '');
  if (spec) {
    addBase('lab', _('the settings of the Lab'), overlay(defaults, spec));
    choose('lab');
  }
  const wanted = place.get('run');
  const [named, recent] = await Promise.all([wanted ? getRun(wanted).catch(() => null) : null, listRuns({ limit: RECENT }).catch(() => null)]);
  const runs = [...(named ? [named] : []), ...(recent?.items ?? [])].filter((run) => !run.study);
  for (const run of runs) addBase(run.id, _('run {id}', { id: run.name || run.id.slice(0, 8) }), overlay(defaults, run.spec));
  if (wanted && !bases.has(wanted)) sayTrouble(_('The run that the address names is not there.'));
  fill(chosen, names);
  if (wanted && bases.has(wanted)) choose(wanted); // nothing else is chosen anew: a person may have typed meanwhile
}

installTheme(() => {});
installPaper();
fill(chosen, names);
adoptBase();
chosen.addEventListener('change', adoptBase);
$('build').addEventListener('input', count);
$('build').addEventListener('submit', (event) => {
  event.preventDefault();
  const { body, errors } = read();
  if (errors.length) refuse(errors);
  else send(body, $('start'));
});
$('json').addEventListener('click', () => {
  const { body, errors } = read();
  if (errors.length) return refuse(errors);
  return showPaper({ title: _('This study as JSON'), about: _('POST it to {path}, or give its fields to Client.study: a script starts the same study.', { path: at('/api/studies') }), text: JSON.stringify(body, null, 2) });
});
for (const button of all(document, '[data-ready]')) button.addEventListener('click', () => send(bodyOf(ready(button.dataset.ready)), button));
for (const button of all(document, '[data-adopt]')) {
  const one = ready(button.dataset.adopt);
  button.hidden = !fits(one);
  button.addEventListener('click', () => adopt(one));
}
for (const place of all(document, '[data-count]')) {
  const one = ready(place.dataset.count);
  const sizes = Object.values(one.axes).map((values) => values.length);
  place.textContent = countWord(sizes.reduce((a, b) => a * b, 1), one.seeds, sizes);
}
addEventListener('hashchange', recall);
await recall();
opened();
