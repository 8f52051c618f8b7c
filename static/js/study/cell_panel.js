/** One cell of a study: its band with axes of its own, its runs, or why it has none. */

import { frameOf, paint } from '../charts/multiples.js';
import { $, all, line, make } from '../page/elements.js';
import { placeOf, seriesWord } from '../form/known.js';
import { at } from '../page/place.js';
import { statusMark } from '../page/statuses.js';
import { reasonOf } from '../charts/study_layout.js';
import { _, shown } from '../page/texts.js';

/** @import { Bands, Study, StudyCell } from '../data/wire.d.ts' */
/** @import { Colours } from '../page/theme.js' */
/** @import { StudyPlace } from './study_place.js' */

export class CellPanel {
  /** @param {() => void} close */
  constructor(close) {
    this.said = '';
    $('cell-close').addEventListener('click', close);
    $('cell').addEventListener('keydown', (event) => event.key === 'Escape' && close());
  }

  /** @param {Study} study @param {StudyCell} cell @param {Bands | null} bands @param {StudyPlace} place @param {Colours} colour */
  draw(study, cell, bands, place, colour) {
    $('cell-title').textContent = placeOf(cell.values) || _('all runs');
    $('cell-refused').hidden = !cell.refused;
    $('cell-refused').textContent = cell.refused ? `✕ ${_('refused')}: ${reasonOf(cell)}` : '';
    $('cell-runs').hidden = Boolean(cell.refused);
    const band = bands?.cells.find(({ index }) => index === cell.index);
    $('cell-drawn').hidden = Boolean(cell.refused) || !band;
    if (band && !cell.refused) {
      $('cell-drawn').title = seriesWord(place.series);
      paint($('cell-canvas', HTMLCanvasElement), band, place, frameOf([band], place), colour, { left: 44, bottom: 16 });
    }
    this.#runs(study, cell, place);
  }

  /** @param {Study} study @param {StudyCell} cell @param {StudyPlace} place */
  #runs(study, cell, place) {
    const final = cell.finals?.[place.final];
    $('cell-value').textContent = seriesWord(place.final);
    const rows = cell.runs.map(({ seed, run, status }) => {
      const i = study.seeds.indexOf(seed);
      const link = run ? make('a', { href: at(`/#run=${encodeURIComponent(run)}`), textContent: _('open'), attributes: { 'aria-label': _('Open seed {seed} in the Lab', { seed }) } }) : '–';
      return [String(seed), statusMark(status), shown(final?.values[i]), link];
    });
    const said = JSON.stringify(cell.runs.map(({ seed, run, status }) => [seed, run, status, final?.values[study.seeds.indexOf(seed)]]));
    if (said === this.said) return;
    this.said = said;
    const table = $('cell-runs', HTMLTableElement);
    const links = () => all(table, 'a');
    const focused = links().findIndex((link) => link === document.activeElement);
    table.tBodies[0].replaceChildren(...rows.map((cells) => line(cells)));
    if (focused >= 0) links()[focused]?.focus();
  }
}
