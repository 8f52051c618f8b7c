/** The Lab: one current run, the one before it grey behind, and a form that says what the next one will be. */

import { control, createRun, getRun, intentKey, newestRun } from './api.js';
import { Controls } from './controls.js';
import { Drawer } from './draw.js';
import { Figures } from './figures.js';
import { Live } from './live.js';
import { Runs } from './runs.js';
import { alertUser, sentenceOf, tell } from './sentence.js';
import { Steering } from './steering.js';
import { Strip } from './strip.js';
import { _ } from './texts.js';
import { colours, installTheme } from './theme.js';
import { Transport } from './transport.js';

const $ = (id) => document.getElementById(id);
const catalogue = JSON.parse($('catalogue').textContent);

/** What is shown: run ids and the chosen layer. */
const view = { current: null, previous: null, layer: null };
let colour = colours();
let creating = false;
let again = false;

const drawer = new Drawer();
const runs = new Runs(changed);
const current = () => runs.get(view.current);
const previous = () => runs.get(view.previous);

const controls = new Controls($('controls'), catalogue, {
  live: (path, value) => current()?.active && steering.set(path, value),
  structural: () => own() && begin(true),
});
const steering = new Steering(async (changes) => {
  await control(view.current, 'set', changes);
  alertUser('');
  controls.clearErrors();
}, refused);
const transport = new Transport({ start: () => begin(false), act, pace: (value) => current()?.active && steering.set('pace', value) });
const strip = new Strip($('strip'), choose);
const figures = new Figures(drawer, catalogue, {
  current, previous, layer: () => view.layer, colour: () => colour, title: (path) => controls.titleOf(path),
});
drawer.add({ id: 'strip', element: $('strip'), draw: () => strip.draw(current(), view.layer, colour) });
const live = new Live({
  message: heard,
  frame: (header, arrays) => runs.takeFrame(header, arrays),
  state: connection,
  since: (id) => sinceOf(runs.get(id)),
});

/** Whether a change of the form starts a new run at once: this tab began the one that is shown. */
const own = () => view.current !== null && sessionStorage.getItem('began') === view.current;

/**
 * Start what the form says. What goes on now is stopped once the new run is accepted. While one is being made, a second
 * click is the same wish, and a control that was changed meanwhile is another.
 * @param {boolean} changed
 */
async function begin(changed) {
  if (creating) {
    again ||= changed;
    return;
  }
  creating = true;
  $('start').setAttribute('aria-busy', 'true');
  alertUser('');
  controls.clearErrors();
  steering.forget();
  const ending = own() && current()?.active ? view.current : null;
  try {
    const made = await createRun({ ...controls.read(), pace: transport.pace }, intentKey());
    sessionStorage.setItem('began', made.id);
    show(made.id, view.current);
    location.hash = `run=${made.id}`;
    if (ending) await control(ending, 'stop').catch(() => {}); // it may have ended by itself meanwhile
  } catch (problem) {
    refused(problem);
  }
  creating = false;
  $('start').removeAttribute('aria-busy');
  if (again) {
    again = false;
    begin(true);
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
  view.current = id;
  view.previous = behind === id ? null : behind;
  runs.keep([view.current, view.previous]);
  runs.open(id);
  figures.resetZoom();
  subscribe();
  refresh();
}

function subscribe() {
  const track = view.layer ? [`histograms/activation/${view.layer}`] : [];
  live.subscribe([view.current, view.previous].filter(Boolean), ['scalars', 'layers', ...track]);
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
  if (message.type === 'snapshot' && message.run.id === view.current && !own() && (named() || current().active)) adopt();
}

/** The form says what the shown run is made of: one that was asked for, or that can be steered. */
function adopt() {
  const spec = current().spec;
  controls.adopt(spec);
  transport.pace = spec.pace;
}

const MARKS = { scalars: ['loss', 'accuracy'], layers: ['norm', 'activations', 'strip'], histograms: ['activations'] };

/** @param {import('./runs.js').Run} run @param {string} what */
function changed(run, what) {
  if (what === 'record' || what === 'event') {
    if (run.id === view.current) keepLayer(run);
    drawer.mark();
  } else drawer.mark(...MARKS[what]);
  if (run.id === view.current) words();
}

/** The layer that was chosen, where this run has one of its name; else the first that has an activation. */
function keepLayer(run) {
  const names = run.record.layers.map((l) => l.name);
  if (names.length && !names.includes(view.layer)) choose((run.record.layers.find((l) => l.activation) ?? run.record.layers[0]).name);
}

let due = 0;

/** Counter, state and sentence, once a frame. */
function words() {
  due ||= requestAnimationFrame(() => {
    due = 0;
    transport.show(current());
    tell(sentenceOf(current(), (path, value) => controls.labelOf(path, value)));
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

/** Show the run that is named; without one, the newest. */
async function follow() {
  const id = named();
  if (id && id === view.current) return;
  try {
    const record = id ? await getRun(id) : await newestRun();
    if (record && !creating && record.id !== view.current) show(record.id, null);
  } catch (problem) {
    refused(problem);
  }
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
    transport.toggle();
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
tabs();
sheet();
document.addEventListener('keydown', keys);
addEventListener('hashchange', follow);
refresh();
follow();
