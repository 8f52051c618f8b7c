/** What the page holds of each run: record, events, series and histogram tracks, and how far it has come. */

import { Series } from './columns.js';
import { Track } from './tracks.js';

/** @import { Header, HistogramsHeader, Matrices, Matrix, MatrixHeader, Nested, RunEvent, RunRecord, ScalarsHeader, Spec, Told, Value, View } from './wire.d.ts' */

/** @typedef {'record' | 'event' | 'scalars' | 'layers' | 'matrices' | 'histograms'} What of a run has changed */
/** @typedef {{get<N extends keyof Matrices>(name: N): Matrices[N] | undefined, set(name: string, matrix: Matrix<object>): unknown}} Held the newest matrix of each name */
/** @typedef {Pick<RunRecord, 'id' | 'name' | 'status' | 'end_reason' | 'layers' | 'step'> & {spec: Spec | null}} Known of a run before its snapshot came */

/** @type {string[]} */
export const ACTIVE = ['queued', 'starting', 'running', 'paused'];
const LAYER_CAP = 2048;
const MAX_EVENTS = 2000;

export class Run {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    /** @type {RunRecord | Known} */
    this.record = { id, name: '', status: 'queued', end_reason: null, spec: null, layers: [], step: null };
    this.attempt = 0;
    this.seq = 0;
    /** @type {Map<string, Series>} */
    this.series = new Map();
    /** @type {Map<string, Track>} by `kind/layer` */
    this.tracks = new Map();
    /** @type {Held} */
    this.matrices = new Map();
    /** @type {RunEvent[]} */
    this.events = [];
    /** @type {number | null} */
    this.step = null;
  }

  forget() {
    this.attempt = 0;
    this.seq = 0;
    this.series = new Map();
    this.tracks = new Map();
    this.matrices = new Map();
    this.events = [];
    this.step = this.record.step ?? null;
  }

  get active() {
    return ACTIVE.includes(this.record.status);
  }

  /** The spec as it stands now: what it began with and every live change since; null where that isn't known yet. */
  get spec() {
    const spec = structuredClone(this.record.spec);
    if (!spec) return null;
    for (const { kind, data } of this.events) {
      if (kind !== 'resumed' && (kind !== 'control' || data.action !== 'set' || data.error)) continue;
      for (const [path, value] of Object.entries(data.changes || {})) put(spec, path, value);
    }
    return spec;
  }

  /** @param {string} name @returns {Series} */
  seriesOf(name) {
    let series = this.series.get(name);
    if (!series) this.series.set(name, (series = new Series(name.startsWith('layer/') ? LAYER_CAP : undefined)));
    return series;
  }

  /** @param {number} attempt @param {number} seq */
  reached(attempt, seq) {
    if (attempt > this.attempt || (attempt === this.attempt && seq > this.seq)) [this.attempt, this.seq] = [attempt, seq];
  }
}

/** Sets a dotted path of a nested object. @param {Nested | Spec} target @param {string} path @param {Value} value */
export function put(target, path, value) {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  /** @type {Nested} */
  let inner = target;
  for (const key of keys) inner = inner[key] ??= {};
  inner[last] = value;
}

export class Runs {
  /** @param {(run: Run, what: What) => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Map<string, Run>} */
    this.held = new Map();
  }

  /** @param {string | null} id @returns {Run | undefined} */
  get(id) {
    return id ? this.held.get(id) : undefined;
  }

  /** @param {string} id @returns {Run} */
  open(id) {
    let run = this.held.get(id);
    if (!run) this.held.set(id, (run = new Run(id)));
    return run;
  }

  /** Forget every run but these. @param {(string | null)[]} ids */
  keep(ids) {
    for (const id of this.held.keys()) if (!ids.includes(id)) this.held.delete(id);
  }

  /** @param {Told} message a text frame of the live socket */
  take(message) {
    if (message.type === 'snapshot') this.#snapshot(message);
    else if (message.type === 'event') this.#event(message);
    else if (message.type === 'resync') this.get(message.run)?.forget();
  }

  /** @param {Extract<Told, {type: 'snapshot'}>} message */
  #snapshot({ run: record, events }) {
    const run = this.get(record.id);
    if (!run) return;
    run.record = record;
    run.forget();
    run.reached(record.attempt, record.seq);
    run.events = events.slice(-MAX_EVENTS);
    this.changed(run, 'record');
    this.changed(run, 'event');
  }

  /** @param {Extract<Told, {type: 'event'}>} message */
  #event({ run: id, attempt, seq, event }) {
    const run = this.get(id);
    if (!run) return;
    if (attempt) run.reached(attempt, seq);
    run.events.push(event);
    if (run.events.length > MAX_EVENTS) run.events.splice(0, run.events.length - MAX_EVENTS);
    const { kind, data } = event;
    if (kind === 'status') {
      Object.assign(run.record, { status: data.status, end_reason: data.end_reason });
      if (!run.active) run.step = event.step;
    }
    if (kind === 'started' && data.layers) run.record.layers = data.layers;
    if (kind === 'control' && data.status && run.active) run.record.status = data.status;
    this.changed(run, 'record');
    this.changed(run, 'event');
  }

  /** @param {Header} header of a binary frame @param {View} view */
  takeFrame(header, view) {
    const run = this.get(header.run);
    if (!run) return;
    if (header.type === 'scalars') this.#scalars(run, header.series, view);
    else if (header.type === 'histograms') this.#histograms(run, header, view);
    else if (header.type === 'matrix') this.#matrix(run, header, view);
    run.reached(header.attempt, header.seq);
  }

  /** @param {Run} run @param {ScalarsHeader[]} listed @param {View} view */
  #scalars(run, listed, view) {
    /** @type {Set<What>} */
    const touched = new Set();
    for (const { name, columns } of listed) {
      const series = run.seriesOf(name);
      if ('value' in columns) series.points(view(columns.step), view(columns.value));
      else {
        const { step, min, max, last, nonfinite } = columns;
        series.buckets({ step: view(step), min: view(min), max: view(max), last: view(last), nonfinite: view(nonfinite) });
      }
      touched.add(name.startsWith('layer/') ? 'layers' : 'scalars');
      if (name === 'train/loss' && run.active) run.step = Math.max(run.step ?? 0, series.lastStep + 1); // updates made
    }
    for (const what of touched) this.changed(run, what);
  }

  /** @param {Run} run @param {MatrixHeader} header @param {View} view */
  #matrix(run, { name, step, shape, meta, values }, view) {
    run.matrices.set(name, { step, shape, meta, values: view(values).slice() });
    this.changed(run, 'matrices');
  }

  /** @param {Run} run @param {HistogramsHeader} header @param {View} view */
  #histograms(run, { kind, layer, arrays: { first, last, offsets, bins, counts } }, view) {
    const key = `${kind}/${layer}`;
    const track = run.tracks.get(key) ?? new Track();
    run.tracks.set(key, track);
    track.append(view(first), view(last), view(offsets), view(bins), view(counts));
    this.changed(run, 'histograms');
  }
}
