/** The Lab: one current run, the one before it grey behind, and a form that says what the next one will be. */

import { asProblem, control, createRun, forkRun, getCode, getFunction, getMatrix, getRun, getSlots, intentKey, newestRun, resumeRun } from '../data/api.js';
import { Arms } from './arms.js';
import { Controls } from '../form/controls.js';
import { Drawer } from '../page/draw.js';
import { $, all, around, moveOf, one, sayConnection } from '../page/elements.js';
import { Figures } from './figures.js';
import { findingsOf, offer, sentenceOf as findingWords } from './health.js';
import { Live } from '../data/live.js';
import { installPaper, showPaper } from '../page/paper.js';
import { at, keyOf } from '../page/place.js';
import { Runs } from '../data/runs.js';
import { alertUser, sentenceOf, tell } from './sentence.js';
import { installExport } from './exporting.js';
import { data, place } from '../page/pieces.js';
import { opened } from '../page/opened.js';
import { decode, difference, encode, overlay } from '../page/share.js';
import { Steering } from './steering.js';
import { Strip } from './strip.js';
import { _, language } from '../page/texts.js';
import { colours, installTheme } from '../page/theme.js';
import { Transport } from './transport.js';
import { installUploads } from '../form/uploads.js';
import { loadViews } from './views.js';

/** @import { Catalogue, Changes, Preset, Since, Spec, Told, Value } from '../data/wire.d.ts' */
/** @import { Run, What } from '../data/runs.js' */
/** @import { Action } from './transport.js' */

/** @type {[Catalogue, Awaited<ReturnType<typeof loadViews>>, void]} */
const [catalogue, { views, troubles }] = await Promise.all([data('catalogue'), loadViews(), place('form', $('controls'))]);
const stories = $('preset', HTMLSelectElement);

/** What is shown: run ids, the chosen layer, the story that the runs belong to; and whose settings the form was last filled with. */
const view = {
  /** @type {string | null} */
  current: null,
  /** @type {string | null} */
  previous: null,
  /** @type {string | null} */
  layer: null,
  /** @type {string | null} */
  story: null,
  /** @type {string | null} */
  adopted: null,
};
let colour = colours();
let creating = false;
let again = false;
/** @type {Changes} live settings that were moved after the shown run had ended */
let waiting = {};

const drawer = new Drawer();
const runs = new Runs(changed);
const current = () => runs.get(view.current);
const previous = () => runs.get(view.previous);
const beside = () => arms.ids.filter((id) => id !== view.current).flatMap((id) => {
  const run = runs.get(id);
  return run ? [{ run, colour: toneOf(id) ?? '' }] : [];
});

/** A run's colour among those side by side. @param {string | null} id */
const toneOf = (id) => colour[arms.toneOf(id) ?? ''];

const controls = new Controls($('controls', HTMLFormElement), catalogue, {
  live: steer,
  structural: () => own() && begin(true),
});
const steering = new Steering(async (run, changes) => {
  await control(run, 'set', changes);
  alertUser('');
  controls.clearErrors();
}, refused);
const transport = new Transport({ start: () => begin(false), act, goOn, pace: (value) => steer('pace', value) });
const arms = new Arms($('arms'), (id) => look(id));
const strip = new Strip($('strip'), choose);
const figures = new Figures(drawer, catalogue, views, {
  current, previous, beside, tone: () => toneOf(view.current), fittedAt: getFunction, matrixAt: getMatrix, seen: () => subscribe(), layer: () => view.layer, colour: () => colour, title: (path) => controls.titleOf(path),
});
drawer.add({ id: 'strip', element: $('strip'), draw: () => strip.draw(current(), view.layer, colour) });
const live = new Live({
  message: heard,
  frame: (header, arrays) => runs.takeFrame(header, arrays),
  state: (state) => sayConnection(state, { waiting: _('waiting'), live: _('live'), disconnected: _('disconnected') }),
  since: (id) => sinceOf(runs.get(id)),
});

const BEGAN = keyOf('began');
/** The runs that this tab began and that are shown. @returns {string[]} */
const begun = () => (sessionStorage.getItem(BEGAN) ?? '').split(' ').filter(Boolean);

/** Whether a change of the form starts a new run at once: this tab began the one that is shown. */
const own = () => view.current !== null && begun().includes(view.current);

/** A live setting was moved: it acts on the run that goes on, or waits until one that has ended is resumed. @param {string} path @param {Value} value */
function steer(path, value) {
  const run = current();
  if (run?.active) steering.set(run.id, path, value);
  else waiting[path] = value;
}

/** Start what the form says; the run that was shown stays grey behind. @param {boolean} changed */
const begin = (changed) => launch(() => [{ label: '', spec: { ...controls.read(), pace: transport.pace } }], null, changed);

/** Start a story's runs side by side. @param {Preset} preset */
const tellStory = (preset) => launch(() => preset.arms.map(({ label, spec }) => ({ label: label[language], spec })), preset, false);

/**
 * Start runs. What this tab began is stopped once they are accepted. While some are being made, a second click is the
 * same wish, and a control that was changed meanwhile is another.
 * @param {() => {label: string, spec: object}[]} wanted @param {Preset | null} preset @param {boolean} changed
 * @returns {Promise<boolean>} whether there are any
 */
async function launch(wanted, preset, changed) {
  if (creating) {
    again ||= changed;
    return false;
  }
  creating = true;
  $('start').setAttribute('aria-busy', 'true');
  alertUser('');
  controls.clearErrors();
  steering.forget();
  const ending = own() ? begun().filter((id) => runs.get(id)?.active) : [];
  const made = [];
  try {
    for (const { label, spec } of wanted()) made.push({ ...(await createRun(spec, intentKey())), label });
    sessionStorage.setItem(BEGAN, made.map(({ id }) => id).join(' '));
    if (preset) adoptSpec(made[0].spec);
    else stories.value = '';
    view.adopted = made[0].id;
    view.story = preset?.sentence[language] ?? null;
    view.layer = preset?.look ?? view.layer;
    arms.set(made, made[0].id);
    show(made[0].id, preset ? null : view.current);
    location.hash = `run=${made[0].id}`;
    for (const id of ending) await control(id, 'stop').catch(() => {}); // it may have ended by itself meanwhile
  } catch (problem) {
    refused(problem);
    for (const { id } of made) if (id !== view.current) await control(id, 'stop').catch(() => {});
  }
  creating = false;
  $('start').removeAttribute('aria-busy');
  if (again) {
    again = false;
    begin(true);
  }
  return made.length > 0;
}

/** The chosen one of the runs that stand side by side. @param {string} id */
function look(id) {
  if (id === view.current) return;
  view.current = id;
  arms.set(arms.all, id);
  alertUser('');
  figures.resetZoom();
  if (current()?.spec) adopt();
  history.replaceState(null, '', `#run=${id}`);
  keepLayer(current());
  subscribe();
  refresh();
}

/** Two futures from here: the shown run goes on, and one that began as its copy is steered from now on. */
async function fork() {
  const parent = view.current;
  if (!parent) return;
  $('fork').setAttribute('aria-busy', 'true');
  try {
    const made = await forkRun(parent);
    sessionStorage.setItem(BEGAN, [...new Set([...begun(), made.id])].join(' '));
    const label = arms.ids.includes(parent) ? arms.labelOf(parent) : _('as before');
    const others = arms.all.filter(({ id }) => id !== parent);
    arms.set([{ id: parent, label }, { id: made.id, label: _('fork') }, ...others].slice(0, 4), made.id);
    view.story = _('Two futures from one step. Change something now: it acts on the fork alone, and the two part.');
    show(made.id, null);
    location.hash = `run=${made.id}`;
    adoptSpec(made.spec);
    view.adopted = made.id;
  } catch (problem) {
    refused(problem);
  }
  $('fork').removeAttribute('aria-busy');
}

async function code() {
  const id = view.current;
  if (!id) return;
  try {
    const text = await getCode(id);
    const about = _('The same training without Dynascope: it needs torch, numpy and scikit-learn, and gives the same losses.');
    showPaper({ title: _('This run as a PyTorch script'), about, text, file: `dynascope-${id}.py` });
  } catch (problem) {
    refused(problem);
  }
}

/** A link that opens these settings, this seed and this view, on any Dynascope. */
function share() {
  const spec = current()?.spec ?? { ...controls.read(), pace: transport.pace };
  const place = new URLSearchParams({ spec: encode(difference(spec, catalogue.defaults) ?? {}) });
  if (view.layer) place.set('layer', view.layer);
  if (figures.logLoss) place.set('log', '1');
  const text = `${location.origin}${at('/')}#${place}`;
  showPaper({ title: _('A link to this experiment'), about: _('It holds the settings, the seed and the view. Whoever opens it presses Start.'), text, short: true });
}

/** The settings as they stand go along, to be varied in a study. */
function toStudy() {
  const spec = current()?.spec ?? controls.read();
  $('study', HTMLAnchorElement).href = at(`/studies/new#spec=${encode({ ...spec, pace: null })}`);
}

/** Carry out the change that the button offers: at once where it can act on this run, else as a new run. */
function mend() {
  const run = current();
  const changes = JSON.parse($('try').dataset.changes ?? '{}');
  const paths = Object.keys(changes);
  const live = paths.every((path) => controls.isLive(path));
  controls.apply(changes);
  if (run?.active && live) for (const path of paths) steering.set(run.id, path, changes[path]);
  else begin(true);
}

/** The shown run goes on from where it ended, with what was moved since. */
async function goOn() {
  const run = view.current;
  if (!run) return;
  try {
    await resumeRun(run, waiting);
    sessionStorage.setItem(BEGAN, [...new Set([...begun(), run])].join(' '));
    waiting = {};
    alertUser('');
    controls.clearErrors();
  } catch (problem) {
    refused(problem);
  }
}

/** @param {Action} action */
async function act(action) {
  if (!view.current) return;
  try {
    await control(view.current, action);
    alertUser('');
  } catch (problem) {
    refused(problem);
  }
}

/** @param {unknown} caught */
function refused(caught) {
  const { errors, message } = asProblem(caught);
  const said = errors.map(({ loc, msg }) => `${controls.titleOf(loc)}: ${msg}`).join(' · ');
  alertUser(said || message);
  controls.refuse(errors);
}

/** @param {string} id @param {string | null} behind */
function show(id, behind) {
  waiting = {};
  alertUser('');
  view.current = id;
  view.previous = behind === id ? null : behind;
  runs.keep([view.current, view.previous, ...arms.ids]);
  for (const each of [id, ...arms.ids]) runs.open(each);
  figures.resetZoom();
  subscribe();
  refresh();
}

function subscribe() {
  const track = view.layer ? [`histograms/activation/${view.layer}`] : [];
  const shown = [...new Set([view.current, view.previous, ...arms.ids].filter((id) => id !== null))];
  live.subscribe(shown, ['scalars', 'layers', ...figures.matrices.map((name) => `matrices/${name}`), ...track]);
}

/** @param {string} layer */
function choose(layer) {
  if (layer === view.layer) return;
  view.layer = layer;
  subscribe();
  refresh();
}

/** @param {Run | undefined} run @returns {Since | null} */
const sinceOf = (run) => (run?.seq ? { attempt: run.attempt, seq: run.seq } : null);

/** @param {Told} message */
function heard(message) {
  if (message.type === 'error') alertUser(message.errors.map((e) => e.msg).join(' · '));
  else runs.take(message);
  if (message.type === 'snapshot' && message.run.id === view.current && view.adopted !== view.current && (named() || current()?.active)) adopt();
}

/** The form says what the shown run is made of: once, so that nobody's typing is overwritten. */
function adopt() {
  const spec = current()?.spec;
  if (spec) adoptSpec(spec);
  view.adopted = view.current;
}

/** @param {Spec} spec */
function adoptSpec(spec) {
  waiting = {};
  controls.adopt(spec);
  transport.pace = spec.pace;
}

/** The figures that each kind of news concerns. @type {Record<Exclude<What, 'record' | 'event'>, string[]>} */
const MARKS = { scalars: ['loss', 'accuracy'], matrices: ['fitted'], layers: ['norm', 'activations', 'strip'], histograms: ['activations'] };

/** @param {Run} run @param {What} what */
function changed(run, what) {
  if (what === 'record' || what === 'event') {
    if (run.id === view.current) keepLayer(run);
    drawer.mark();
  } else drawer.mark(...MARKS[what], ...(figures.matrices.length ? [] : ['fitted']));
  if (run.id === view.current) words();
}

/** The layer that was chosen, where this run has one of its name; else the first that has an activation. @param {Run | undefined} run */
function keepLayer(run) {
  const layers = run?.record.layers ?? [];
  if (layers.length && !layers.some(({ name }) => name === view.layer)) choose((layers.find((l) => l.activation) ?? layers[0]).name);
}

let due = 0;

/** Counter, state and sentence, once a frame. */
function words() {
  due ||= requestAnimationFrame(() => {
    due = 0;
    const run = current();
    transport.show(run);
    const [finding] = run ? findingsOf(run) : [];
    if (finding && (run?.active || run?.record.status === 'diverged')) tell(`⚠ ${findingWords(finding, catalogue.diagnoses)}`);
    else tell(sentenceOf(run, (path, value) => controls.labelOf(path, value), view.story ?? undefined));
    offer($('try'), (finding && own() && finding.mend) || {}, controls);
  });
}

function refresh() {
  drawer.mark();
  words();
}



/** The run that the page's address names. */
const named = () => new URLSearchParams(location.hash.slice(1)).get('run');

/** Show the run that is named, or the settings that a link holds; without either, open moving. */
async function follow() {
  const id = named();
  if (id && id === view.current) return;
  try {
    if (id) {
      const record = await getRun(id);
      if (creating || id !== named()) return; // another one has been asked for meanwhile
      arms.set([], record.id);
      view.story = null;
      show(record.id, null);
    } else if (!shared() && view.current === null) await open();
  } catch (problem) {
    refused(problem);
  }
}

/** Settings from a link: the form says them, and Start is pressed by a person. @returns {boolean} whether there are any */
function shared() {
  const place = new URLSearchParams(location.hash.slice(1));
  const spec = decode(place.get('spec') ?? '');
  if (!spec) return false;
  adoptSpec(overlay(catalogue.defaults, spec));
  view.layer = place.get('layer');
  if ((place.get('log') === '1') !== figures.logLoss) $('log-loss').click();
  view.story = Object.keys(spec).length ? _('A shared experiment: its settings are in the form. Press Start.') : null;
  words();
  return true;
}

/** What a newcomer sees: this tab's own run where it still goes on, the first story moving where there is room, else the newest run. */
async function open() {
  for (const id of begun()) {
    const record = await getRun(id).catch(() => null);
    if (record && !record.ended) return show(id, null);
  }
  const room = await getSlots();
  if (!room.queued && room.used < room.slots && (await tellStory(catalogue.presets[0]))) {
    stories.value = catalogue.presets[0].name;
    return;
  }
  const record = await newestRun();
  if (record && view.current === null) show(record.id, null);
  if (room.queued) alertUser(_('No slot is free: {n} runs wait. This is an earlier run.', { n: room.queued }));
}

function tabs() {
  const tabs = all(document, '.tabs [role="tab"]');
  const select = (/** @type {HTMLElement} */ tab) => {
    for (const other of tabs) {
      other.setAttribute('aria-selected', String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    one(document, '.figures').dataset.shown = tab.id.slice('tab-'.length);
    drawer.mark();
  };
  for (const tab of tabs) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', (event) => {
      const move = moveOf(event);
      if (!move) return;
      const next = tabs[(tabs.indexOf(tab) + move + tabs.length) % tabs.length];
      select(next);
      next.focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

function sheet() {
  const set = (/** @type {boolean} */ open) => {
    $('controls').classList.toggle('shown', open);
    $('sheet-toggle').setAttribute('aria-expanded', String(open));
    document.body.classList.toggle('sheet-open', open);
    if (open) one(document, '.figures').scrollIntoView(); // the figure stays in sight above the sheet
    (open ? $('sheet-close') : $('sheet-toggle')).focus();
  };
  $('sheet-toggle').addEventListener('click', () => set(!$('controls').classList.contains('shown')));
  $('sheet-close').addEventListener('click', () => set(false));
  document.addEventListener('keydown', (event) => event.key === 'Escape' && $('controls').classList.contains('shown') && set(false));
}

/** Space pauses and goes on; the arrow keys move the step cursor. @param {KeyboardEvent} event */
function keys(event) {
  if (around(event, 'input, select, textarea, button, summary, [role="radio"], a') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === ' ') {
    event.preventDefault();
    if (current()?.active) transport.toggle();
  } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    const run = current();
    if (!run || run.step === null) return;
    event.preventDefault();
    const move = (event.key === 'ArrowLeft' ? -1 : 1) * (event.shiftKey ? 10 : 1);
    const step = (figures.cursor.step ?? run.step) + move;
    figures.cursor.set(Math.min(run.step, Math.max(0, step)));
  } else if (event.key === 'Escape') figures.cursor.set(null);
}

installTheme(() => {
  colour = colours();
  refresh();
});
transport.pace = catalogue.defaults.pace;
installPaper();
installUploads($('controls', HTMLFormElement), (control) => controls.chosen(control));
$('fork').addEventListener('click', fork);
$('code').addEventListener('click', code);
$('share').addEventListener('click', share);
for (const event of ['pointerdown', 'focus', 'click']) $('study').addEventListener(event, toStudy);
installExport();
$('try').addEventListener('click', mend);
stories.addEventListener('change', () => {
  const preset = catalogue.presets.find(({ name }) => name === stories.value);
  // One that was refused, or came while runs were being made, can be chosen again.
  if (preset) tellStory(preset).then((told) => told || (stories.value = ''));
});
tabs();
sheet();
document.addEventListener('keydown', keys);
addEventListener('hashchange', follow);
refresh();
follow();
if (troubles.length) alertUser(troubles.join(' '));
opened();
