/** One cell of a study: its band with axes of its own, its runs, or why it has none. */

import { frameOf, paint } from '../charts/multiples.js';
import { line, make } from '../page/elements.js';
import { placeOf, seriesWord } from '../form/known.js';
import { statusMark } from '../page/statuses.js';
import { reasonOf } from '../charts/study_layout.js';
import { _, shown } from '../page/texts.js';

const $ = (id) => document.getElementById(id);

export class CellPanel {
  /** @param {() => void} close */
  constructor(close) {
    $('cell-close').addEventListener('click', close);
    $('cell').addEventListener('keydown', (event) => event.key === 'Escape' && close());
  }

  /** @param {any} study @param {any} cell @param {any} bands @param {import('./study_place.js').StudyPlace} place @param {Record<string, string>} colour */
  draw(study, cell, bands, place, colour) {
    $('cell-title').textContent = placeOf(cell.values) || _('all runs');
    $('cell-refused').hidden = !cell.refused;
    $('cell-refused').textContent = cell.refused ? `✕ ${_('refused')}: ${reasonOf(cell)}` : '';
    $('cell-runs').hidden = Boolean(cell.refused);
    const band = bands?.cells.find(({ index }) => index === cell.index);
    $('cell-drawn').hidden = Boolean(cell.refused) || !band;
    if (!$('cell-drawn').hidden) {
      $('cell-drawn').title = seriesWord(place.series);
      paint($('cell-canvas'), band, place, frameOf([band], place), colour, { left: 44, bottom: 16 });
    }
    this.#runs(study, cell, place);
  }

  #runs(study, cell, place) {
    const final = cell.finals?.[place.final];
    $('cell-value').textContent = seriesWord(place.final);
    const rows = cell.runs.map(({ seed, run, status }) => {
      const at = study.seeds.indexOf(seed);
      const link = run ? make('a', { href: `/#run=${encodeURIComponent(run)}`, textContent: _('open'), attributes: { 'aria-label': _('Open seed {seed} in the Lab', { seed }) } }) : '–';
      return [String(seed), statusMark(status), shown(final?.values[at]), link];
    });
    const said = JSON.stringify(cell.runs.map(({ seed, run, status }) => [seed, run, status, final?.values[study.seeds.indexOf(seed)]]));
    if (said === this.said) return;
    this.said = said;
    const focused = $('cell-runs').contains(document.activeElement) ? [...$('cell-runs').querySelectorAll('a')].indexOf(document.activeElement) : -1;
    $('cell-runs').tBodies[0].replaceChildren(...rows.map((cells) => line(cells)));
    if (focused >= 0) $('cell-runs').querySelectorAll('a')[focused]?.focus();
  }
}
