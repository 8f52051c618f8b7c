/** The page of one study: how it stands, what can be done with it, and the views that fit it, live by the socket. */

import { cancelStudy, changeStudy, deleteStudy, extendStudy, getBands, getStudy } from '../data/api.js';
import { CellPanel } from './cell_panel.js';
import { Multiples } from '../charts/multiples.js';
import { drawHeatmap } from '../charts/heatmap.js';
import { drawOverAxis } from '../charts/over_axis.js';
import { DecompositionView } from './decomposition_view.js';
import { Drawer } from '../page/draw.js';
import { confirmed, fill, make, sayConnection, sayTrouble } from '../page/elements.js';
import { seriesWord } from '../form/known.js';
import { Live } from '../data/live.js';
import { installPaper, showPaper } from '../page/paper.js';
import { PathView } from './path_view.js';
import { fillStatus } from '../page/statuses.js';
import { axisTitle, labelAt } from '../charts/study_layout.js';
import { StudyPlace } from './study_place.js';
import { axesWord, doneOf, progressWord } from '../records/study_list.js';
import { _, integer, shown } from '../page/texts.js';
import { colours, installTheme } from '../page/theme.js';
import { Throttle } from '../page/throttle.js';
import { opened } from '../page/opened.js';

const SERIES = ['val/loss', 'val/accuracy', 'train/loss', 'train/accuracy', 'grad/norm'];
const FINALS = ['test/accuracy', 'test/loss', 'val/accuracy', 'val/loss', 'train/accuracy', 'train/loss'];
const POINTS = 160; // of a band: as many as a cell is wide

const $ = (id) => document.getElementById(id);
const id = $('study').dataset.study;
const drawer = new Drawer();
/** What is shown; it stands in the address, so that a link shows the same. */
const place = new StudyPlace();
/** @type {any} */
let study = null;
/** @type {any} bands of `place.series` */
let bands = null;
/** @type {Set<string>} names of final values that some cell has */
const finals = new Set();
let colour = colours();

const multiples = new Multiples($('multiples'), choose);
const panel = new CellPanel(() => choose(null));
const decomposition = new DecompositionView(id, place, drawer);
const path = new PathView(id, place, drawer);
const views = { decomposition, path };
const loading = new Throttle(load, 1000);
const live = new Live({
  message: (message) => message.type === 'changed' && message.topic === `studies/${id}` && loading.soon(),
  frame: () => {},
  since: () => null,
  state: (state) => {
    sayConnection(state, { waiting: _('waiting'), live: _('live'), disconnected: _('disconnected') });
    if (state === 'live') loading.soon(); // what was missed meanwhile
  },
});

/** Ask for what is shown, and no more. */
async function load() {
  try {
    const known = place.final && finals.has(place.final) && place.view === 'heatmap' ? place.final : null;
    take(await getStudy(id, known));
    if (place.view === 'grid' || place.cell !== null) await loadBands();
    await views[place.view]?.load(study);
    sayTrouble(null, 'trouble', 'load');
  } catch (problem) {
    if (problem.status === 404) gone();
    else sayTrouble(problem.message, 'trouble', 'load');
  }
  drawer.mark();
  drawPanel(); // what is hidden is never seen to be dirty
}

async function loadBands() {
  const name = place.series;
  const told = await getBands(id, name, POINTS);
  if (name === place.series) bands = told;
}

function gone() {
  sayTrouble(_('There is no study of this address: it was deleted, or the address is not whole.'));
  for (const part of ['looks', 'name']) $(part).hidden = true;
  document.querySelector('.study-head .deeds').hidden = true;
  document.querySelector('.desk').hidden = true;
}

function take(told) {
  const first = study === null;
  study = told;
  for (const cell of study.cells) for (const name of Object.keys(cell.finals ?? {})) finals.add(name);
  if (first) {
    place.adopt(study);
    for (const view of ['decomposition', 'path']) $(`tab-${view}`).hidden = !views[view].fits(study);
    show(place.view);
  }
  say();
  controls();
}

function say() {
  const { runs } = study;
  const title = study.name || _('Study without a name');
  $('title').textContent = title;
  document.title = `${title} · Dynascope`;
  if (document.activeElement !== $('name')) $('name').value = study.name;
  const refused = study.cells.filter((cell) => cell.refused).length;
  $('told').textContent = [axesWord(study), study.notes].filter(Boolean).join(' — ');
  fillStatus($('status'), study.status);
  $('status').title = study.reason ?? '';
  Object.assign($('progress'), { max: Math.max(1, runs.total), value: doneOf(runs) });
  $('progress-word').textContent = [progressWord(runs), refused ? _('{n} cells refused', { n: integer(refused) }) : '', study.status === 'failed' ? study.reason : ''].filter(Boolean).join(' · ');
  $('cancel').hidden = study.status !== 'running';
  for (const format of ['csv', 'parquet']) $(format).href = `/api/studies/${encodeURIComponent(id)}/export?format=${format}`;
}

/** What can be chosen: series that runs have, final values that some have, the values at which other axes are held. */
function controls() {
  const listed = [...new Set([...SERIES, ...[...finals].filter((name) => !name.startsWith('test/') && !name.startsWith('layer/')), place.series])];
  fill($('series'), listed.map((name) => [name, seriesWord(name)]), place.series);
  const known = [...FINALS.filter((name) => finals.has(name)), ...[...finals].filter((name) => !FINALS.includes(name)).sort()];
  if (!known.includes(place.final)) place.final = known[0] ?? place.final;
  fill($('final'), known.map((name) => [name, seriesWord(name)]), place.final);
  fill($('band'), [['both', _('both')], ['boot', _('95 % interval of the mean')], ['quantiles', _('10 % to 90 % of the seeds')], ['none', _('none')]]);
  for (const [control, value] of [['line', place.line], ['band', place.band], ['middle', place.middle]]) $(control).value = value;
  $('log-grid').setAttribute('aria-pressed', String(place.log));
  $('log-heatmap').setAttribute('aria-pressed', String(place.logColours));
  for (const box of document.querySelectorAll('[data-others]')) {
    if (box.childElementCount === Math.max(0, study.axes.length - 2)) continue;
    box.replaceChildren(...study.axes.slice(2).map((axis, i) => make('label', {}, make('span', { textContent: axisTitle(axis) }), make('select', { data: { held: String(i) }, onchange: (event) => hold(i, Number(event.target.value)) }, ...axis.values.map((_value, k) => new Option(labelAt(axis, k), String(k)))))));
  }
  for (const select of document.querySelectorAll('[data-held]')) select.value = String(place.held[Number(select.dataset.held)] ?? 0);
}

function hold(i, index) {
  place.held[i] = index;
  changed();
}

/** Another look at the same study. @param {boolean} [ask] whether something is needed that isn't here */
function changed(ask = false) {
  place.remember();
  controls();
  drawer.mark();
  if (ask) loading.soon(0);
}

/** @param {any} cell null: none */
function choose(cell) {
  const before = place.cell;
  place.cell = cell === null || cell.index === before ? null : cell.index;
  changed(place.cell !== null && !bands);
  if (place.cell === null && before !== null) document.querySelector(`.look:not([hidden]) [data-cell="${before}"]`)?.focus();
  $('cell').hidden = place.cell === null;
  if (place.cell !== null) drawPanel();
  if (place.cell !== null && innerWidth <= 1000) $('cell').scrollIntoView({ block: 'start' });
}

/** @param {string} view */
function show(view) {
  place.view = view;
  for (const tab of $('looks').children) {
    const chosen = tab.id === `tab-${view}`;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute('aria-controls')).hidden = !chosen;
  }
  changed(true);
}

function drawGrid() {
  if (!study || !bands || bands.name !== place.series) return;
  multiples.draw(study, bands, place, colour);
  const cut = multiples.cut;
  const key = [{ mean: _('Line: mean over the seeds.'), median: _('Line: median over the seeds.') }[place.line]];
  if (place.band === 'both' || place.band === 'boot') key.push(_('Dark band: 95 % bootstrap interval of the mean.'));
  if (place.band === 'both' || place.band === 'quantiles') key.push(_('Light band: from the 10 % to the 90 % quantile.'));
  key.push(_('Under each figure: the newest value.'));
  if (cut !== null) key.push(_('What is above {value} runs out of the figure; a log axis shows it.', { value: shown(cut) }));
  $('grid-key').textContent = key.join(' ');
  reachable();
}

function drawFinals() {
  if (!study) return;
  const one = study.axes.length === 1;
  $('figure-finals').hidden = !one;
  $('heatmap').hidden = one;
  const some = finals.size > 0;
  $('heatmap-none').hidden = some;
  if (one) {
    if (some) drawOverAxis($('figure-finals'), study, place, colour, $('table-finals'));
    $('figure-finals').hidden = !some;
    listen();
  } else if (study.axes.length) drawHeatmap($('heatmap'), study, place, choose);
  else $('heatmap').replaceChildren(make('p', { className: 'single' }, make('b', { textContent: shown(study.cells[0].finals?.[place.final]?.[place.middle]) }), ' ', _('n = {n}', { n: integer(study.cells[0].finals?.[place.final]?.n ?? 0) })));
  $('log-heatmap').textContent = one ? _('log axis') : _('log colours');
  reachable();
}

/** A point of the figure over one axis opens its cell. */
function listen() {
  const figure = /** @type {any} */ ($('figure-finals'));
  if (figure.dataset.listening || !figure.on) return;
  figure.dataset.listening = 'yes';
  figure.on('plotly_click', ({ points }) => points[0]?.customdata && choose(study.cells[points[0].customdata[0]]));
}

function drawPanel() {
  const cell = place.cell === null ? null : study?.cells[place.cell];
  $('cell').hidden = !cell;
  if (cell) panel.draw(study, cell, bands?.name === place.series ? bands : null, place, colour);
}

/** What is wider than the page is scrolled by key too. */
function reachable() {
  for (const wide of document.querySelectorAll('.wide')) {
    if (wide.scrollWidth > wide.clientWidth) Object.assign(wide, { tabIndex: 0 });
    else wide.removeAttribute('tabindex');
  }
}

/** Carry out a deed; the study as it then stands is shown. @param {() => Promise<any>} deed */
async function act(deed) {
  try {
    const told = await deed();
    sayTrouble(null);
    if (Array.isArray(told?.cells)) take(told); // a change of name is answered with their number alone
    loading.soon(0);
  } catch (problem) {
    const said = (problem.errors ?? []).map(({ msg }) => msg).join(' · ');
    sayTrouble(said || problem.message);
  }
}

async function remove() {
  const about = _('{name}: its {n} runs and all that was recorded of them go. This can’t be undone.', { name: study.name || _('Study without a name'), n: integer(study.runs.total) });
  if (!(await confirmed({ title: _('Delete this study?'), about, yes: _('Delete') }))) return;
  const task = loading.task;
  try {
    live.subscribe([], [], []);
    loading.task = () => {}; // of what is gone nothing more is asked
    await deleteStudy(id);
    location.href = '/runs';
  } catch (problem) {
    loading.task = task;
    live.subscribe([], [], [`studies/${id}`]);
    sayTrouble(problem.message);
  }
}

function asJson() {
  const body = { name: study.name, base: study.base, axes: Object.fromEntries(study.axes.map(({ path: over, values }) => [over, values])), seeds: study.seeds };
  showPaper({ title: _('This study as JSON'), about: _('POST it to /api/studies, or give its fields to Client.study: a script starts the same study.'), text: JSON.stringify(body, null, 2) });
}

function tabs() {
  $('looks').addEventListener('click', (event) => event.target.closest('[role="tab"]') && show(event.target.id.slice('tab-'.length)));
  $('looks').addEventListener('keydown', (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const all = [...$('looks').children].filter((tab) => !tab.hidden);
    const next = all[(all.indexOf(document.activeElement) + move + all.length) % all.length];
    show(next.id.slice('tab-'.length));
    next.focus();
  });
}

function bind() {
  const selects = { series: 'series', line: 'line', band: 'band', final: 'final', middle: 'middle' };
  for (const [control, name] of Object.entries(selects)) {
    $(control).addEventListener('change', () => {
      place[name] = $(control).value;
      changed(name === 'series' || name === 'final');
    });
  }
  for (const [control, name] of [['log-grid', 'log'], ['log-heatmap', 'logColours']]) {
    $(control).addEventListener('click', () => {
      place[name] = !place[name];
      changed();
    });
  }
  $('name').addEventListener('change', () => act(() => changeStudy(id, { name: $('name').value.trim() })));
  $('name').addEventListener('keydown', (event) => event.key === 'Enter' && $('name').blur());
  $('cancel').addEventListener('click', () => act(() => cancelStudy(id)));
  $('delete').addEventListener('click', remove);
  $('json').addEventListener('click', asJson);
  $('extend').addEventListener('submit', (event) => {
    event.preventDefault();
    act(() => extendStudy(id, Number($('extend-by').value)));
  });
}

installTheme(() => {
  colour = colours();
  for (const view of Object.values(views)) view.colour = colour;
  drawer.mark();
});
installPaper();
tabs();
bind();
for (const [name, draw] of [['grid', drawGrid], ['heatmap', drawFinals]]) drawer.add({ id: name, element: $(`view-${name}`), draw });
drawer.add({ id: 'cell', element: $('cell'), draw: drawPanel });
addEventListener('hashchange', () => {
  place.recall();
  if (study) show(place.view);
  drawPanel();
});
live.subscribe([], [], [`studies/${id}`]);
loading.soon(0);
opened();
