/** The Lab: one current run, the one before it grey behind, and a form that says what the next one will be. */

import { control, createRun, forkRun, getCode, getFunction, getMatrix, getRun, getSlots, intentKey, newestRun, resumeRun } from '../data/api.js';
import { Arms } from './arms.js';
import { Controls } from '../form/controls.js';
import { Drawer } from '../page/draw.js';
import { Figures } from './figures.js';
import { findingsOf, offer, sentenceOf as findingWords } from './health.js';
import { Live } from '../data/live.js';
import { installPaper, showPaper } from '../page/paper.js';
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

const $ = (id) => document.getElementById(id);
const [catalogue] = await Promise.all([data('catalogue'), place('form', $('controls'))]);

/** What is shown: run ids, the chosen layer, the story that the runs belong to; and whose settings the form was last filled with. */
const view = { current: null, previous: null, layer: null, story: null, adopted: null };
let colour = colours();
let creating = false;
let again = false;
/** @type {Record<string, unknown>} live settings that were moved after the shown run had ended */
let waiting = {};

const drawer = new Drawer();
const runs = new Runs(changed);
const current = () => runs.get(view.current);
const previous = () => runs.get(view.previous);
const beside = () => arms.ids.filter((id) => id !== view.current).flatMap((id) => (runs.get(id) ? [{ run: runs.get(id), colour: colour[arms.toneOf(id)] }] : []));

const controls = new Controls($('controls'), catalogue, {
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
const figures = new Figures(drawer, catalogue, {
  current, previous, beside, tone: () => colour[arms.toneOf(view.current)], fittedAt: getFunction, matrixAt: getMatrix, seen: () => subscribe(), layer: () => view.layer, colour: () => colour, title: (path) => controls.titleOf(path),
});
drawer.add({ id: 'strip', element: $('strip'), draw: () => strip.draw(current(), view.layer, colour) });
const live = new Live({
  message: heard,
  frame: (header, arrays) => runs.takeFrame(header, arrays),
  state: connection,
  since: (id) => sinceOf(runs.get(id)),
});

/** The runs that this tab began and that are shown. @returns {string[]} */
const begun = () => (sessionStorage.getItem('began') ?? '').split(' ').filter(Boolean);

/** Whether a change of the form starts a new run at once: this tab began the one that is shown. */
const own = () => view.current !== null && begun().includes(view.current);

/** A live setting was moved: it acts on the run that goes on, or waits until one that has ended is resumed. */
function steer(path, value) {
  if (current()?.active) steering.set(view.current, path, value);
  else waiting[path] = value;
}

/** Start what the form says; the run that was shown stays grey behind. @param {boolean} changed */
const begin = (changed) => launch(() => [{ label: '', spec: { ...controls.read(), pace: transport.pace } }], null, changed);

/** Start a story's runs side by side. @param {any} preset */
const tellStory = (preset) => launch(() => preset.arms.map(({ label, spec }) => ({ label: label[language], spec })), preset, false);

/**
 * Start runs. What this tab began is stopped once they are accepted. While some are being made, a second click is the
 * same wish, and a control that was changed meanwhile is another.
 * @param {() => {label: string, spec: any}[]} wanted @param {any} story @param {boolean} changed
 */
async function launch(wanted, story, changed) {
  if (creating) {
    again ||= changed;
    return;
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
    sessionStorage.setItem('began', made.map(({ id }) => id).join(' '));
    if (story) adoptSpec(made[0].spec);
    else $('preset').value = '';
    view.adopted = made[0].id;
    view.story = story?.sentence[language] ?? null;
    view.layer = story?.look ?? view.layer;
    arms.set(made, made[0].id);
    show(made[0].id, story ? null : view.current);
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
  $('fork').setAttribute('aria-busy', 'true');
  try {
    const made = await forkRun(parent);
    sessionStorage.setItem('began', [...new Set([...begun(), made.id])].join(' '));
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
  try {
    const text = await getCode(view.current);
    const about = _('The same training without Dynascope: it needs torch, numpy and scikit-learn, and gives the same losses.');
    showPaper({ title: _('This run as a PyTorch script'), about, text, file: `dynascope-${view.current}.py` });
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
  const text = `${location.origin}${location.pathname}#${place}`;
  showPaper({ title: _('A link to this experiment'), about: _('It holds the settings, the seed and the view. Whoever opens it presses Start.'), text, short: true });
}

/** The settings as they stand go along, to be varied in a study. */
function toStudy() {
  const spec = current()?.spec ?? controls.read();
  $('study').href = `/studies/new#spec=${encode({ ...spec, pace: null })}`;
}

/** Carry out the change that the button offers: at once where it can act on this run, else as a new run. */
function mend() {
  const changes = JSON.parse($('try').dataset.changes);
  const paths = Object.keys(changes);
  const live = current()?.active && paths.every((path) => controls.isLive(path));
  controls.apply(changes);
  if (live) for (const path of paths) steering.set(view.current, path, changes[path]);
  else begin(true);
}

/** The shown run goes on from where it ended, with what was moved since. */
async function goOn() {
  const run = view.current;
  try {
    await resumeRun(run, waiting);
    sessionStorage.setItem('began', [...new Set([...begun(), run])].join(' '));
    waiting = {};
    alertUser('');
    controls.clearErrors();
  } catch (problem) {
    refused(problem);
  }
}

/** @param {string} action pause, resume, step or stop */
async function act(action) {
  try {
    await control(view.current, action);
    alertUser('');
  } catch (problem) {
    refused(problem);
  }
}

function refused(problem) {
  const errors = problem.errors ?? [];
  const said = errors.map(({ loc, msg }) => `${controls.titleOf(loc)}: ${msg}`).join(' · ');
  alertUser(said || problem.message);
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
  const shown = [...new Set([view.current, view.previous, ...arms.ids].filter(Boolean))];
  live.subscribe(shown, ['scalars', 'layers', ...figures.matrices.map((name) => `matrices/${name}`), ...track]);
}

/** @param {string} layer */
function choose(layer) {
  if (layer === view.layer) return;
  view.layer = layer;
  subscribe();
  refresh();
}

const sinceOf = (run) => (run?.seq ? { attempt: run.attempt, seq: run.seq } : null);

function heard(message) {
  if (message.type === 'error') alertUser(message.errors.map((e) => e.msg).join(' · '));
  else runs.take(message);
  if (message.type === 'snapshot' && message.run.id === view.current && view.adopted !== view.current && (named() || current().active)) adopt();
}

/** The form says what the shown run is made of: once, so that nobody's typing is overwritten. */
function adopt() {
  adoptSpec(current().spec);
  view.adopted = view.current;
}

function adoptSpec(spec) {
  waiting = {};
  controls.adopt(spec);
  transport.pace = spec.pace;
}

const MARKS = { scalars: ['loss', 'accuracy'], matrices: ['fitted'], layers: ['norm', 'activations', 'strip'], histograms: ['activations'] };

/** @param {import('../data/runs.js').Run} run @param {string} what */
function changed(run, what) {
  if (what === 'record' || what === 'event') {
    if (run.id === view.current) keepLayer(run);
    drawer.mark();
  } else drawer.mark(...MARKS[what]);
  if (run.id === view.current) words();
}

/** The layer that was chosen, where this run has one of its name; else the first that has an activation. */
function keepLayer(run) {
  const names = run?.record.layers.map((l) => l.name);
  if (names?.length && !names.includes(view.layer)) choose((run.record.layers.find((l) => l.activation) ?? run.record.layers[0]).name);
}

let due = 0;

/** Counter, state and sentence, once a frame. */
function words() {
  due ||= requestAnimationFrame(() => {
    due = 0;
    transport.show(current());
    const [finding] = current() ? findingsOf(current()) : [];
    const active = Boolean(current()?.active);
    if (finding && (active || current().record.status === 'diverged')) tell(`⚠ ${findingWords(finding, catalogue.diagnoses)}`);
    else tell(sentenceOf(current(), (path, value) => controls.labelOf(path, value), view.story ?? undefined));
    offer($('try'), (finding && own() && finding.mend) || {}, controls);
  });
}

function refresh() {
  drawer.mark();
  words();
}

function connection(state) {
  const names = { waiting: _('waiting'), live: _('live'), disconnected: _('disconnected') };
  $('connection').dataset.state = state;
  $('connection-word').textContent = names[state];
  document.body.dataset.connection = state;
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
    $('preset').value = catalogue.presets[0].name;
    return;
  }
  const record = await newestRun();
  if (record && view.current === null) show(record.id, null);
  if (room.queued) alertUser(_('No slot is free: {n} runs wait. This is an earlier run.', { n: room.queued }));
}

function tabs() {
  const all = [...document.querySelectorAll('.tabs [role="tab"]')];
  const select = (tab) => {
    for (const other of all) {
      other.setAttribute('aria-selected', String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    document.querySelector('.figures').dataset.shown = tab.id.slice('tab-'.length);
    drawer.mark();
  };
  for (const tab of all) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      const next = all[(all.indexOf(tab) + move + all.length) % all.length];
      select(next);
      next.focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

function sheet() {
  const set = (open) => {
    $('controls').classList.toggle('shown', open);
    $('sheet-toggle').setAttribute('aria-expanded', String(open));
    document.body.classList.toggle('sheet-open', open);
    if (open) document.querySelector('.figures').scrollIntoView(); // the figure stays in sight above the sheet
    (open ? $('sheet-close') : $('sheet-toggle')).focus();
  };
  $('sheet-toggle').addEventListener('click', () => set(!$('controls').classList.contains('shown')));
  $('sheet-close').addEventListener('click', () => set(false));
  document.addEventListener('keydown', (event) => event.key === 'Escape' && $('controls').classList.contains('shown') && set(false));
}

/** Space pauses and goes on; the arrow keys move the step cursor. */
function keys(event) {
  if (event.target.closest('input, select, textarea, button, summary, [role="radio"], a') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === ' ') {
    event.preventDefault();
    if (current()?.active) transport.toggle();
  } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    const run = current();
    if (run?.step == null) return;
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
installUploads($('controls'), (control) => controls.chosen(control));
$('fork').addEventListener('click', fork);
$('code').addEventListener('click', code);
$('share').addEventListener('click', share);
for (const event of ['pointerdown', 'focus', 'click']) $('study').addEventListener(event, toStudy);
installExport();
$('try').addEventListener('click', mend);
$('preset').addEventListener('change', () => {
  const preset = catalogue.presets.find(({ name }) => name === $('preset').value);
  // One that was refused, or came while runs were being made, can be chosen again.
  if (preset) tellStory(preset).then((told) => told || ($('preset').value = ''));
});
tabs();
sheet();
document.addEventListener('keydown', keys);
addEventListener('hashchange', follow);
refresh();
follow();
opened();
