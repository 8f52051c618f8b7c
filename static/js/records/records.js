/** The page of runs: find, compare and delete runs; the studies above them. Changes are told by the socket, never polled for. */

import { asProblem, deleteRun, listRuns } from '../data/api.js';
import { Comparison } from './comparison.js';
import { $, confirmed, fill, make, one, sayConnection, sayTrouble } from '../page/elements.js';
import { Live } from '../data/live.js';
import { setupOf } from '../form/known.js';
import { at } from '../page/place.js';
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

/** @import { Cell, RunRecord, Told } from '../data/wire.d.ts' */

const filters = $('filters', HTMLFormElement);
const pageSize = $('page-size', HTMLSelectElement);
const [newer, older] = ['newer', 'older'].map((id) => $(id, HTMLButtonElement));
const statuses = ['queued', 'starting', 'running', 'paused', 'finished', 'stopped', 'diverged', 'failed', 'interrupted'];

/** @type {RunRecord[]} the runs of this page */
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
    if (state === 'live') for (const throttle of [runsThrottle, studiesThrottle]) throttle.soon(); // what was missed meanwhile
  },
});

/** @param {Told} message */
function heard(message) {
  if (message.type !== 'changed') return;
  if (message.topic === 'studies') studiesThrottle.soon();
  runsThrottle.soon(); // a study that was deleted took its runs with it
}

/** What the filters say. */
const wanted = () => /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(filters)));

async function load() {
  const cursor = cursors.at(-1);
  const asked = JSON.stringify([wanted(), cursor]);
  try {
    const found = await listRuns({ ...wanted(), limit: pageSize.value, cursor });
    if (asked !== JSON.stringify([wanted(), cursors.at(-1)])) return;
    ({ items, next } = found);
    sayTrouble(null, 'trouble', 'load');
  } catch (caught) {
    sayTrouble(asProblem(caught).message, 'trouble', 'load');
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

/** @type {Map<string, HTMLTableRowElement>} rows by run, kept over updates, so that what has the keyboard's focus keeps it */
const rows = new Map();

function show() {
  for (const id of rows.keys()) if (!items.some((run) => run.id === id)) rows.delete(id);
  const wantedRows = items.map((run) => {
    const held = rows.get(run.id) ?? row(run);
    rows.set(run.id, held);
    update(held, run);
    return held;
  });
  const body = $('listed', HTMLTableElement).tBodies[0];
  if (wantedRows.length !== body.rows.length || wantedRows.some((held, i) => held !== body.rows[i])) body.replaceChildren(...wantedRows);
  const filtered = Object.values(wanted()).some(Boolean);
  $('listed').hidden = !items.length;
  $('no-runs').hidden = items.length > 0;
  $('no-runs').textContent = filtered ? _('No run is like that.') : _('No run yet. Start one in the Lab.');
  $('paging').hidden = !next && cursors.length === 1 && items.length <= 25;
  turnable();
  $('page-word').textContent = _('page {n}', { n: integer(cursors.length) });
}

function turnable() {
  newer.disabled = cursors.length === 1;
  older.disabled = !next;
}

/** Another page: until it has come, no other one is asked for. */
function turn() {
  newer.disabled = older.disabled = true;
  runsThrottle.soon(0);
}

/** @param {string} name @param {...Node} children */
const cell = (name, ...children) => make('td', { className: name, attributes: { role: 'cell' } }, ...children);

/** @param {RunRecord} run */
function row(run) {
  const box = make('input', { type: 'checkbox' });
  box.addEventListener('change', () => pick(run.id, box.checked));
  const label = make('label', { className: 'pick' }, box, make('i', {}), make('span', { className: 'sr-only' }));
  const link = make('a', { className: 'run-link', href: at(`/#run=${encodeURIComponent(run.id)}`) });
  const name = make('th', { className: 'run-cell', scope: 'row', attributes: { role: 'rowheader' } }, link, make('span', { className: 'setup' }), make('span', { className: 'tags' }));
  const begun = new Date(1000 * run.created);
  return make('tr', { data: { run: run.id }, attributes: { role: 'row' } },
    cell('pick-cell', label),
    name,
    cell('status-cell', statusMark(run.status)),
    cell('step-cell'),
    cell('value-cell'),
    cell('begun-cell', make('time', { dateTime: begun.toISOString(), title: begun.toLocaleString(language), textContent: begun.toLocaleString(language, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }) })),
    cell('deeds-cell', make('a', { className: 'quiet', href: at(`/studies/new#run=${encodeURIComponent(run.id)}`), textContent: _('Study') }), make('button', { type: 'button', className: 'quiet', textContent: _('Delete'), onclick: () => remove(run.id) })));
}

/** @param {HTMLTableRowElement} held @param {RunRecord} run */
function update(held, run) {
  const word = run.name || _('run {id}', { id: run.id.slice(0, 8) });
  const put = (/** @type {string} */ selector, /** @type {string} */ text) => {
    const element = one(held, selector);
    if (element.textContent !== text) element.textContent = text;
  };
  put('.run-link', word);
  put('.setup', setupOf(run.spec));
  const tags = run.tags.join('\n');
  if (held.dataset.tags !== tags) {
    held.dataset.tags = tags;
    one(held, '.tags').replaceChildren(...run.tags.map((tag) => make('button', { type: 'button', className: 'tag-chip', textContent: tag, title: _('Runs with this tag'), onclick: () => choose('tag', tag) })));
  }
  const status = one(held, '.status');
  fillStatus(status, run.status);
  status.title = run.end_reason ?? '';
  put('.step-cell', run.step === null ? '–' : integer(run.step));
  put('.value-cell', newest(run.latest));
  put('.pick .sr-only', _('Choose: {name}', { name: word }));
  for (const [button, say] of [['a.quiet', _('Study: {name}', { name: word })], ['button.quiet', _('Delete: {name}', { name: word })]]) one(held, `.deeds-cell ${button}`).setAttribute('aria-label', say);
  dress(run.id);
}

/** A run that was chosen by its own box is compared as well, where the figure has a place for it. @param {string} id @param {boolean} chosen */
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

/** Whether a run is chosen, and the colour that it has in the figure. @param {string} id */
function dress(id) {
  const held = rows.get(id);
  const tone = comparison.toneOf(id);
  if (!held) return;
  held.classList.toggle('picked', Boolean(tone));
  one(held, 'input', HTMLInputElement).checked = selection.has(id);
  one(held, '.pick i').style.color = tone ? `var(--${tone})` : '';
}

/** The newest value that says most of how good it is. @param {Record<string, Cell>} latest by series */
function newest(latest) {
  const name = VALUES.find((series) => latest[series] !== undefined);
  if (!name) return '–';
  /** @type {Record<string, string>} */
  const words = { 'test/accuracy': _('test accuracy'), 'val/accuracy': _('val accuracy'), 'test/loss': _('test loss'), 'val/loss': _('val loss'), 'train/loss': _('train loss') };
  return `${words[name]} ${latest[name] === null ? '✕' : shown(latest[name])}`;
}

/** Delete one run; the keyboard's focus goes to the one that takes its place. @param {string} id */
async function remove(id) {
  const at = items.findIndex((run) => run.id === id);
  const about = _('{name}: all that was recorded of it goes. This can’t be undone.', { name: items[at]?.name || id });
  if (!(await confirmed({ title: _('Delete this run?'), about, yes: _('Delete') }))) return;
  sayTrouble(null);
  try {
    await deleteRun(id);
  } catch (caught) {
    const { status, message } = asProblem(caught);
    if (status !== 404) sayTrouble(message); // someone else was faster
  }
  if (selection.has(id)) selection.put([id], false);
  await load();
  const after = items[Math.min(at, items.length - 1)];
  const row = after && rows.get(after.id);
  (row ? one(row, 'button.quiet') : $('filter-status')).focus();
}

/** @param {string} name @param {string} value */
function setFilter(name, value) {
  const control = filters.elements.namedItem(name);
  if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) control.value = value;
}

/** @param {string} name @param {string} value */
function choose(name, value) {
  setFilter(name, value);
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
  const place = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...wanted(), ...comparison.place })) if (value) place.set(name, String(value));
  history.replaceState(null, '', place.size ? `#${place}` : location.pathname + location.search);
}

async function recall() {
  const place = new URLSearchParams(location.hash.slice(1));
  for (const name of ['status', 'q', 'tag']) setFilter(name, place.get(name) ?? '');
  await comparison.recall(place);
}

let typing = 0;
filters.addEventListener('input', ({ target }) => {
  clearTimeout(typing);
  typing = setTimeout(refilter, target instanceof HTMLInputElement && target.type === 'search' ? 250 : 0);
});
filters.addEventListener('submit', (event) => event.preventDefault());
$('choose-none').addEventListener('click', () => {
  selection.clear();
  $('choose-page').focus(); // the button goes
});
pageSize.addEventListener('change', () => {
  localStorage.setItem(SIZE, pageSize.value);
  refilter();
});
older.addEventListener('click', () => {
  cursors.push(next ?? '');
  turn();
});
newer.addEventListener('click', () => {
  cursors.pop();
  turn();
});
addEventListener('hashchange', async () => {
  await recall();
  refilter();
});
installTheme(() => comparison.draw(colours()));
pageSize.value = localStorage.getItem(SIZE) ?? '25';
if (!pageSize.value) pageSize.value = '25';
fill($('filter-status', HTMLSelectElement), [['', _('all')], ...statuses.map((status) => [status, statusWords()[status]])]);
live.subscribe([], [], ['runs', 'studies']);
await recall();
await Promise.all([load(), studies.load()]);
opened();
