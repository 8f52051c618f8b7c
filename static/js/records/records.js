/** The page of runs: find, compare and delete runs; the studies above them. Changes are told by the socket, never polled for. */

import { deleteRun, listRuns } from '../data/api.js';
import { Comparison } from './comparison.js';
import { confirmed, fill, make, sayConnection, sayTrouble } from '../page/elements.js';
import { Live } from '../data/live.js';
import { setupOf } from '../form/known.js';
import { fillStatus, statusMark, statusWords } from '../page/statuses.js';
import { Selection } from './selection.js';
import { StudyList } from './study_list.js';
import { _, integer, language, shown } from '../page/texts.js';
import { colours, installTheme } from '../page/theme.js';
import { Throttle } from '../page/throttle.js';
import { opened } from '../page/opened.js';

/** Where a page's size is remembered. */
const SIZE = 'dynascope-runs-a-page';
const VALUES = ['test/accuracy', 'val/accuracy', 'test/loss', 'val/loss', 'train/loss'];

const $ = (id) => document.getElementById(id);
const filters = $('filters');
const statuses = ['queued', 'starting', 'running', 'paused', 'finished', 'stopped', 'diverged', 'failed', 'interrupted'];

/** @type {any[]} the runs of this page */
let items = [];
/** @type {string[]} the cursors of the pages before this one and of this one */
let cursors = [''];
/** @type {string | null} */
let next = null;

/** Runs that are chosen one by one stand in the figure, too, as many as it holds. */
const comparison = new Comparison(() => rechosen());
const selection = new Selection({
  changed: () => {
    const left = comparison.ids.filter((id) => !selection.has(id));
    if (left.length) comparison.forget(left); // which calls `rechosen`
    else rechosen();
    selection.look(wanted());
  },
  gone: (ids) => comparison.forget(ids.filter((id) => comparison.toneOf(id))),
  done: load,
});
const studies = new StudyList();
const runsThrottle = new Throttle(load, 1000);
const studiesThrottle = new Throttle(() => studies.load(), 1000);
const live = new Live({
  message: heard,
  frame: () => {},
  since: () => null,
  state: (state) => {
    sayConnection(state, { waiting: _('waiting'), live: _('live'), disconnected: _('disconnected') });
    if (state === 'live') for (const one of [runsThrottle, studiesThrottle]) one.soon(); // what was missed meanwhile
  },
});

function heard({ type, topic }) {
  if (type !== 'changed') return;
  if (topic === 'studies') studiesThrottle.soon();
  runsThrottle.soon(); // a study that was deleted took its runs with it
}

/** What the filters say. */
const wanted = () => Object.fromEntries(new FormData(filters));

async function load() {
  const cursor = cursors.at(-1);
  const asked = JSON.stringify([wanted(), cursor]);
  try {
    const found = await listRuns({ ...wanted(), limit: $('page-size').value, cursor });
    if (asked !== JSON.stringify([wanted(), cursors.at(-1)])) return;
    ({ items, next } = found);
    sayTrouble(null, 'trouble', 'load');
  } catch (problem) {
    sayTrouble(problem.message, 'trouble', 'load');
    turnable();
    return;
  }
  if (!items.length && cursors.length > 1) { // all of this page was deleted
    cursors.pop();
    runsThrottle.soon(0);
    return;
  }
  comparison.refresh(items);
  selection.show(items.map(({ id }) => id), Boolean(next) || cursors.length > 1);
  show();
  selection.say(comparison.size);
}

/** @type {Map<string, any>} rows by run, kept over updates, so that what has the keyboard's focus keeps it */
const rows = new Map();

function show() {
  for (const id of rows.keys()) if (!items.some((run) => run.id === id)) rows.delete(id);
  for (const run of items) {
    if (!rows.has(run.id)) rows.set(run.id, row(run));
    update(run);
  }
  const body = $('listed').tBodies[0];
  const wantedRows = items.map(({ id }) => rows.get(id));
  if (wantedRows.length !== body.rows.length || wantedRows.some((one, i) => one !== body.rows[i])) body.replaceChildren(...wantedRows);
  const filtered = Object.values(wanted()).some(Boolean);
  $('listed').hidden = !items.length;
  $('no-runs').hidden = items.length > 0;
  $('no-runs').textContent = filtered ? _('No run is like that.') : _('No run yet. Start one in the Lab.');
  $('paging').hidden = !next && cursors.length === 1 && items.length <= 25;
  turnable();
  $('page-word').textContent = _('page {n}', { n: integer(cursors.length) });
}

function turnable() {
  $('newer').disabled = cursors.length === 1;
  $('older').disabled = !next;
}

/** Another page: until it has come, no other one is asked for. */
function turn() {
  $('newer').disabled = $('older').disabled = true;
  runsThrottle.soon(0);
}

const cell = (name, ...children) => make('td', { className: name, attributes: { role: 'cell' } }, ...children);

function row(run) {
  const box = make('input', { type: 'checkbox', onchange: () => pick(run.id, box.checked) });
  const label = make('label', { className: 'pick' }, box, make('i', {}), make('span', { className: 'sr-only' }));
  const link = make('a', { className: 'run-link', href: `/#run=${encodeURIComponent(run.id)}` });
  const name = make('th', { className: 'run-cell', scope: 'row', attributes: { role: 'rowheader' } }, link, make('span', { className: 'setup' }), make('span', { className: 'tags' }));
  const begun = new Date(1000 * run.created);
  return make('tr', { data: { run: run.id }, attributes: { role: 'row' } },
    cell('pick-cell', label),
    name,
    cell('status-cell', statusMark(run.status)),
    cell('step-cell'),
    cell('value-cell'),
    cell('begun-cell', make('time', { dateTime: begun.toISOString(), title: begun.toLocaleString(language), textContent: begun.toLocaleString(language, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }) })),
    cell('deeds-cell', make('a', { className: 'quiet', href: `/studies/new#run=${encodeURIComponent(run.id)}`, textContent: _('Study') }), make('button', { type: 'button', className: 'quiet', textContent: _('Delete'), onclick: () => remove(run.id) })));
}

function update(run) {
  const one = rows.get(run.id);
  const word = run.name || _('run {id}', { id: run.id.slice(0, 8) });
  const put = (selector, text) => {
    const element = one.querySelector(selector);
    if (element.textContent !== text) element.textContent = text;
  };
  put('.run-link', word);
  put('.setup', setupOf(run.spec));
  const tags = run.tags.join('\n');
  if (one.dataset.tags !== tags) {
    one.dataset.tags = tags;
    one.querySelector('.tags').replaceChildren(...run.tags.map((tag) => make('button', { type: 'button', className: 'tag-chip', textContent: tag, title: _('Runs with this tag'), onclick: () => choose('tag', tag) })));
  }
  const status = one.querySelector('.status');
  fillStatus(status, run.status);
  status.title = run.end_reason ?? '';
  put('.step-cell', run.step === null ? '–' : integer(run.step));
  put('.value-cell', newest(run.latest));
  put('.pick .sr-only', _('Choose: {name}', { name: word }));
  for (const [button, say] of [['a.quiet', _('Study: {name}', { name: word })], ['button.quiet', _('Delete: {name}', { name: word })]]) one.querySelector(`.deeds-cell ${button}`).setAttribute('aria-label', say);
  dress(run.id);
}

/** A run that was chosen by its own box is compared as well, where the figure has a place for it. */
function pick(id, chosen) {
  if (chosen) selection.ids.add(id);
  else selection.ids.delete(id);
  if (chosen ? comparison.hasRoom : comparison.toneOf(id)) comparison.toggle(id, items.find((run) => run.id === id));
  else selection.changed();
  selection.look(wanted());
}

/** Another set of runs is chosen, or compared. */
function rechosen() {
  for (const id of comparison.ids) selection.ids.add(id);
  remember();
  selection.say(comparison.size);
  for (const { id } of items) dress(id);
}

/** Whether a run is chosen, and the colour that it has in the figure. */
function dress(id) {
  const one = rows.get(id);
  const tone = comparison.toneOf(id);
  if (!one) return;
  one.classList.toggle('picked', Boolean(tone));
  one.querySelector('input').checked = selection.has(id);
  one.querySelector('.pick i').style.color = tone ? `var(--${tone})` : '';
}

/** The newest value that says most of how good it is. */
function newest(latest) {
  const name = VALUES.find((one) => latest[one] !== undefined);
  if (!name) return '–';
  const words = { 'test/accuracy': _('test accuracy'), 'val/accuracy': _('val accuracy'), 'test/loss': _('test loss'), 'val/loss': _('val loss'), 'train/loss': _('train loss') };
  return `${words[name]} ${latest[name] === null ? '✕' : shown(latest[name])}`;
}

/** Delete one run; the keyboard's focus goes to the one that takes its place. */
async function remove(id) {
  const at = items.findIndex((run) => run.id === id);
  const about = _('{name}: all that was recorded of it goes. This can’t be undone.', { name: items[at]?.name || id });
  if (!(await confirmed({ title: _('Delete this run?'), about, yes: _('Delete') }))) return;
  sayTrouble(null);
  try {
    await deleteRun(id);
  } catch (problem) {
    if (problem.status !== 404) sayTrouble(problem.message); // someone else was faster
  }
  if (selection.has(id)) selection.put([id], false);
  await load();
  const after = items[Math.min(at, items.length - 1)];
  (after ? rows.get(after.id).querySelector('button.quiet') : $('filter-status')).focus();
}

function choose(name, value) {
  filters.elements[name].value = value;
  refilter();
}

function refilter() {
  cursors = [''];
  selection.alike = [];
  selection.ids = new Set(comparison.ids); // nothing is deleted that was chosen by the hundred and is out of sight now
  remember();
  runsThrottle.soon(0);
}

/** The page's state in its address, so that a link shows the same. */
function remember() {
  const place = new URLSearchParams(Object.entries({ ...wanted(), ...comparison.place }).filter(([, value]) => value));
  history.replaceState(null, '', place.size ? `#${place}` : location.pathname + location.search);
}

async function recall() {
  const place = new URLSearchParams(location.hash.slice(1));
  for (const name of ['status', 'q', 'tag']) filters.elements[name].value = place.get(name) ?? '';
  await comparison.recall(place);
}

let typing = 0;
filters.addEventListener('input', (event) => {
  clearTimeout(typing);
  typing = setTimeout(refilter, event.target.type === 'search' ? 250 : 0);
});
filters.addEventListener('submit', (event) => event.preventDefault());
$('choose-none').addEventListener('click', () => {
  selection.clear();
  $('choose-page').focus(); // the button goes
});
$('page-size').addEventListener('change', () => {
  localStorage.setItem(SIZE, $('page-size').value);
  refilter();
});
$('older').addEventListener('click', () => {
  cursors.push(next);
  turn();
});
$('newer').addEventListener('click', () => {
  cursors.pop();
  turn();
});
addEventListener('hashchange', async () => {
  await recall();
  refilter();
});
installTheme(() => comparison.draw(colours()));
$('page-size').value = localStorage.getItem(SIZE) ?? '25';
if (!$('page-size').value) $('page-size').value = '25';
fill($('filter-status'), [['', _('all')], ...statuses.map((status) => [status, statusWords()[status]])]);
live.subscribe([], [], ['runs', 'studies']);
await recall();
await Promise.all([load(), studies.load()]);
opened();
