/** What a study's page shows: it stands in the address after the #, so that a link shows the same. */

/** @import { Study } from '../data/wire.d.ts' */
/** @typedef {'grid' | 'heatmap' | 'decomposition' | 'path'} View */
/** @typedef {'mean' | 'median'} Middle */

/** @type {View[]} */
const VIEWS = ['grid', 'heatmap', 'decomposition', 'path'];
/** @type {Middle[]} */
const LINES = ['mean', 'median'];
const BANDS = ['both', 'boot', 'quantiles', 'none'];
/** @type {('loss' | 'error')[]} */
const METRICS = ['loss', 'error'];

export class StudyPlace {
  /** @type {View} */
  view = 'grid';
  series = 'val/loss';
  /** @type {Middle} */
  line = 'mean';
  band = 'both';
  log = false;
  final = '';
  /** @type {Middle} */
  middle = 'mean';
  logColours = false;
  /** @type {number | null} the chosen cell */
  cell = null;
  /** @type {number[]} of each axis beyond the second, the index of the value at which it is held */
  held = [];
  /** Which decomposition of a classification's error. */
  kind = '';
  /** Which point of the capacity's or λ's axis is looked at. */
  point = 0;
  /** Along which axis, by its path, and which of the lines that the other axes make. */
  along = '';
  lineAt = 0;
  /** Of a path: loss, or the share that is wrong. */
  metric = METRICS[0];

  constructor() {
    this.recall();
  }

  /** Read the address. */
  recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    /** @template {string} T @param {string} name @param {T[]} allowed the first is the default */
    const among = (name, allowed) => allowed.find((one) => one === said.get(name)) ?? allowed[0];
    const whole = (/** @type {string | null} */ text) => (/^\d{1,6}$/.test(text ?? '') ? Number(text) : null);
    this.view = among('view', VIEWS);
    this.line = among('line', LINES);
    this.band = among('band', BANDS);
    this.middle = among('middle', LINES);
    this.series = (said.get('series') || 'val/loss').slice(0, 300);
    this.final = (said.get('final') ?? '').slice(0, 300);
    this.log = said.get('log') === '1';
    this.logColours = said.get('logc') === '1';
    this.cell = whole(said.get('cell'));
    this.held = (said.get('held') ?? '').split(',').filter(Boolean).map((text) => whole(text) ?? 0);
    this.kind = (said.get('kind') ?? '').slice(0, 40);
    this.point = whole(said.get('point')) ?? 0;
    this.along = (said.get('along') ?? '').slice(0, 200);
    this.lineAt = whole(said.get('at')) ?? 0;
    this.metric = among('metric', METRICS);
  }

  /** Put right what a study hasn't got. @param {Study} study */
  adopt(study) {
    if (this.cell !== null && this.cell >= study.cells.length) this.cell = null;
  }

  /** Write the address: what differs from what is shown without one. */
  remember() {
    const said = {
      view: this.view, series: this.series === 'val/loss' ? '' : this.series, line: this.line === 'mean' ? '' : this.line, band: this.band === 'both' ? '' : this.band, log: this.log ? '1' : '',
      final: this.view === 'heatmap' ? this.final : '', middle: this.middle === 'mean' ? '' : this.middle, logc: this.logColours ? '1' : '', cell: this.cell ?? '', held: this.held.some(Boolean) ? Array.from(this.held, (index) => index ?? 0).join(',') : '',
      ...(this.view === 'decomposition' || this.view === 'path' ? { along: this.along, at: this.lineAt || '' } : {}),
      ...(this.view === 'decomposition' ? { kind: this.kind, point: this.point || '' } : {}),
      ...(this.view === 'path' && this.metric !== 'loss' ? { metric: this.metric } : {}),
    };
    history.replaceState(null, '', `#${new URLSearchParams(Object.entries(said).filter(([, value]) => value !== '').map(([name, value]) => [name, String(value)]))}`);
  }
}
