/** The page of one study: how it stands, what can be done with it, and the views that fit it, live by the socket. */

import { asProblem, cancelStudy, changeStudy, deleteStudy, extendStudy, getBands, getStudy } from '../data/api.js';
import { CellPanel } from './cell_panel.js';
import { Multiples } from '../charts/multiples.js';
import { drawHeatmap } from '../charts/heatmap.js';
import { drawOverAxis } from '../charts/over_axis.js';
import { DecompositionView } from './decomposition_view.js';
import { Drawer } from '../page/draw.js';
import { $, all, around, confirmed, fill, make, maybe, moveOf, one, sayConnection, sayTrouble, typed } from '../page/elements.js';
import { seriesWord } from '../form/known.js';
import { Live } from '../data/live.js';
import { installPaper, showPaper } from '../page/paper.js';
import { at } from '../page/place.js';
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

/** @import { Bands, Study, StudyCell, StudySummary } from '../data/wire.d.ts' */
/** @import { View } from './study_place.js' */

const id = $('study').dataset.study ?? '';
const name = $('name', HTMLInputElement);
const figure = /** @type {PlotlyElement} */ ($('figure-finals'));
const drawer = new Drawer();
/** What is shown; it stands in the address, so that a link shows the same. */
const place = new StudyPlace();
/** @type {Study | null} */
let study = null;
/** @type {Bands | null} of `place.series` */
let bands = null;
/** @type {Set<string>} names of final values that some cell has */
const finals = new Set();
let colour = colours();

const multiples = new Multiples($('multiples'), choose);
const panel = new CellPanel(() => choose(null));
const decomposition = new DecompositionView(id, place, drawer);
const path = new PathView(id, place, drawer);
const views = /** @type {const} */ (['decomposition', 'path']);
const viewOf = (/** @type {View} */ view) => (view === 'decomposition' ? decomposition : view === 'path' ? path : null);
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
    if (study) await viewOf(place.view)?.load(study);
    sayTrouble(null, 'trouble', 'load');
  } catch (caught) {
    const problem = asProblem(caught);
    if (problem.status === 404) gone();
    else sayTrouble(problem.message, 'trouble', 'load');
  }
  drawer.mark();
  drawPanel(); // what is hidden is never seen to be dirty
}

async function loadBands() {
  const { series } = place;
  const told = await getBands(id, series, POINTS);
  if (series === place.series) bands = told;
}

function gone() {
  sayTrouble(_('There is no study of this address: it was deleted, or the address is not whole.'));
  for (const part of ['looks', 'name']) $(part).hidden = true;
  one(document, '.study-head .deeds').hidden = true;
  one(document, '.desk').hidden = true;
}

/** @param {Study} told */
function take(told) {
  const first = study === null;
  study = told;
  for (const cell of told.cells) for (const series of Object.keys(cell.finals ?? {})) finals.add(series);
  if (first) {
    place.adopt(told);
    for (const view of views) $(`tab-${view}`).hidden = !viewOf(view)?.fits(told);
    show(place.view);
  }
  say(told);
  controls();
}

/** @param {Study} told */
function say(told) {
  const { runs } = told;
  const title = told.name || _('Study without a name');
  $('title').textContent = title;
  document.title = `${title} · Dynascope`;
  if (document.activeElement !== name) name.value = told.name;
  const refused = told.cells.filter((cell) => cell.refused).length;
  $('told').textContent = [axesWord(told), told.notes].filter(Boolean).join(' — ');
  fillStatus($('status'), told.status);
  $('status').title = told.reason ?? '';
  Object.assign($('progress'), { max: Math.max(1, runs.total), value: doneOf(runs) });
  $('progress-word').textContent = [progressWord(runs), refused ? _('{n} cells refused', { n: integer(refused) }) : '', told.status === 'failed' ? told.reason : ''].filter(Boolean).join(' · ');
  $('cancel').hidden = told.status !== 'running';
  for (const format of ['csv', 'parquet']) $(format, HTMLAnchorElement).href = at(`/api/studies/${encodeURIComponent(id)}/export?format=${format}`);
}

/** What can be chosen: series that runs have, final values that some have, the values at which other axes are held. */
function controls() {
  const words = (/** @type {string[]} */ listed) => listed.map((series) => [series, seriesWord(series)]);
  const listed = [...new Set([...SERIES, ...[...finals].filter((series) => !series.startsWith('test/') && !series.startsWith('layer/')), place.series])];
  fill(select('series'), words(listed), place.series);
  const known = [...FINALS.filter((final) => finals.has(final)), ...[...finals].filter((final) => !FINALS.includes(final)).sort()];
  if (!known.includes(place.final)) place.final = known[0] ?? place.final;
  fill(select('final'), words(known), place.final);
  fill(select('band'), [['both', _('both')], ['boot', _('95 % interval of the mean')], ['quantiles', _('10 % to 90 % of the seeds')], ['none', _('none')]]);
  for (const [control, value] of [['line', place.line], ['band', place.band], ['middle', place.middle]]) select(control).value = value;
  $('log-grid').setAttribute('aria-pressed', String(place.log));
  $('log-heatmap').setAttribute('aria-pressed', String(place.logColours));
  const others = study?.axes.slice(2) ?? [];
  for (const box of all(document, '[data-others]')) {
    if (box.childElementCount === others.length) continue;
    box.replaceChildren(...others.map((axis, i) => make('label', {}, make('span', { textContent: axisTitle(axis) }), make('select', { data: { held: String(i) }, onchange: (event) => hold(i, Number(typed(event))) }, ...axis.values.map((_value, k) => new Option(labelAt(axis, k), String(k)))))));
  }
  for (const held of all(document, '[data-held]', HTMLSelectElement)) held.value = String(place.held[Number(held.dataset.held)] ?? 0);
}

/** @param {string} control its id */
const select = (control) => $(control, HTMLSelectElement);

/** @param {number} i of an axis beyond the second @param {number} index of its value */
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

/** @param {StudyCell | null} cell null: none */
function choose(cell) {
  const before = place.cell;
  place.cell = cell === null || cell.index === before ? null : cell.index;
  changed(place.cell !== null && !bands);
  if (place.cell === null && before !== null) maybe(document, `.look:not([hidden]) [data-cell="${before}"]`)?.focus();
  $('cell').hidden = place.cell === null;
  if (place.cell !== null) drawPanel();
  if (place.cell !== null && innerWidth <= 1000) $('cell').scrollIntoView({ block: 'start' });
}

const tabs = () => all($('looks'), '[role="tab"]');

/** The view that a tab shows. @param {HTMLElement} tab */
const viewAt = (tab) => /** @type {View} */ (tab.id.slice('tab-'.length));

/** @param {View} view */
function show(view) {
  place.view = view;
  for (const tab of tabs()) {
    const chosen = tab.id === `tab-${view}`;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute('aria-controls') ?? '').hidden = !chosen;
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
  const single = study.axes.length === 1;
  figure.hidden = !single;
  $('heatmap').hidden = single;
  const some = finals.size > 0;
  $('heatmap-none').hidden = some;
  if (single) {
    if (some) drawOverAxis(figure, study, place, colour, $('table-finals', HTMLTableElement));
    figure.hidden = !some;
    listen();
  } else if (study.axes.length) drawHeatmap($('heatmap'), study, place, choose);
  else $('heatmap').replaceChildren(make('p', { className: 'single' }, make('b', { textContent: shown(study.cells[0].finals?.[place.final]?.[place.middle]) }), ' ', _('n = {n}', { n: integer(study.cells[0].finals?.[place.final]?.n ?? 0) })));
  $('log-heatmap').textContent = single ? _('log axis') : _('log colours');
  reachable();
}

/** A point of the figure over one axis opens its cell. */
function listen() {
  if (figure.dataset.listening || !figure.on) return;
  figure.dataset.listening = 'yes';
  figure.on('plotly_click', ({ points: [point] }) => study && point?.customdata && choose(study.cells[point.customdata[0]]));
}

function drawPanel() {
  const cell = place.cell === null ? null : study?.cells[place.cell];
  $('cell').hidden = !cell;
  if (study && cell) panel.draw(study, cell, bands?.name === place.series ? bands : null, place, colour);
}

/** What is wider than the page is scrolled by key too. */
function reachable() {
  for (const wide of all(document, '.wide')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    else wide.removeAttribute('tabindex');
  }
}

/** Carry out a deed; the study as it then stands is shown. @param {() => Promise<Study | StudySummary>} deed */
async function act(deed) {
  try {
    const told = await deed();
    sayTrouble(null);
    if (isWhole(told)) take(told);
    loading.soon(0);
  } catch (caught) {
    const { errors, message } = asProblem(caught);
    sayTrouble(errors.map(({ msg }) => msg).join(' · ') || message);
  }
}

/** A change of name is answered with the number of the cells alone. @param {Study | StudySummary} told @returns {told is Study} */
const isWhole = (told) => Array.isArray(told.cells);

async function remove() {
  if (!study) return;
  const about = _('{name}: its {n} runs and all that was recorded of them go. This can’t be undone.', { name: study.name || _('Study without a name'), n: integer(study.runs.total) });
  if (!(await confirmed({ title: _('Delete this study?'), about, yes: _('Delete') }))) return;
  const task = loading.task;
  try {
    live.subscribe([], [], []);
    loading.task = () => {}; // of what is gone nothing more is asked
    await deleteStudy(id);
    location.href = at('/runs');
  } catch (caught) {
    loading.task = task;
    live.subscribe([], [], [`studies/${id}`]);
    sayTrouble(asProblem(caught).message);
  }
}

function asJson() {
  if (!study) return;
  const body = { name: study.name, base: study.base, axes: Object.fromEntries(study.axes.map(({ path: over, values }) => [over, values])), seeds: study.seeds };
  showPaper({ title: _('This study as JSON'), about: _('POST it to {path}, or give its fields to Client.study: a script starts the same study.', { path: at('/api/studies') }), text: JSON.stringify(body, null, 2) });
}

function bindTabs() {
  $('looks').addEventListener('click', (event) => {
    const tab = around(event, '[role="tab"]');
    if (tab) show(viewAt(tab));
  });
  $('looks').addEventListener('keydown', (event) => {
    const move = moveOf(event);
    if (!move) return;
    event.preventDefault();
    const offered = tabs().filter((tab) => !tab.hidden);
    const next = offered[(offered.findIndex((tab) => tab === document.activeElement) + move + offered.length) % offered.length];
    show(viewAt(next));
    next.focus();
  });
}

function bind() {
  for (const control of ['series', 'line', 'band', 'final', 'middle']) {
    select(control).addEventListener('change', () => {
      Object.assign(place, { [control]: select(control).value });
      changed(control === 'series' || control === 'final');
    });
  }
  $('log-grid').addEventListener('click', () => {
    place.log = !place.log;
    changed();
  });
  $('log-heatmap').addEventListener('click', () => {
    place.logColours = !place.logColours;
    changed();
  });
  name.addEventListener('change', () => act(() => changeStudy(id, { name: name.value.trim() })));
  name.addEventListener('keydown', (event) => event.key === 'Enter' && name.blur());
  $('cancel').addEventListener('click', () => act(() => cancelStudy(id)));
  $('delete').addEventListener('click', remove);
  $('json').addEventListener('click', asJson);
  $('extend').addEventListener('submit', (event) => {
    event.preventDefault();
    act(() => extendStudy(id, Number($('extend-by', HTMLInputElement).value)));
  });
}

installTheme(() => {
  colour = colours();
  for (const view of [decomposition, path]) view.colour = colour;
  drawer.mark();
});
installPaper();
bindTabs();
bind();
drawer.add({ id: 'grid', element: $('view-grid'), draw: drawGrid });
drawer.add({ id: 'heatmap', element: $('view-heatmap'), draw: drawFinals });
drawer.add({ id: 'cell', element: $('cell'), draw: drawPanel });
addEventListener('hashchange', () => {
  place.recall();
  if (study) show(place.view);
  drawPanel();
});
live.subscribe([], [], [`studies/${id}`]);
loading.soon(0);
opened();
