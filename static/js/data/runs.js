/** What the page holds of each run: record, events, series and histogram tracks, and how far it has come. */

import { Series } from './columns.js';
import { Track } from './tracks.js';

export const ACTIVE = ['queued', 'starting', 'running', 'paused'];
const LAYER_CAP = 2048;
const MAX_EVENTS = 2000;

export class Run {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    /** @type {any} the server's record, or what is known of it before its snapshot came */
    this.record = { id, name: '', status: 'queued', end_reason: null, spec: null, layers: [], step: null };
    this.forget();
  }

  forget() {
    this.attempt = 0;
    this.seq = 0;
    /** @type {Map<string, Series>} */
    this.series = new Map();
    /** @type {Map<string, Track>} by `kind/layer` */
    this.tracks = new Map();
    /** @type {Map<string, {step: number, shape: number[], meta: any, values: Float32Array}>} the newest of each name */
    this.matrices = new Map();
    /** @type {{seq?: number, step: number, kind: string, time: number, data: any}[]} */
    this.events = [];
    this.step = this.record.step ?? null;
  }

  get active() {
    return ACTIVE.includes(this.record.status);
  }

  /** The spec as it stands now: what it began with and every live change since. */
  get spec() {
    const spec = structuredClone(this.record.spec);
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

  reached(attempt, seq) {
    if (attempt > this.attempt || (attempt === this.attempt && seq > this.seq)) [this.attempt, this.seq] = [attempt, seq];
  }
}

/** Sets a dotted path of a nested object. @param {any} target @param {string} path @param {unknown} value */
export function put(target, path, value) {
  const keys = path.split('.');
  const last = keys.pop();
  for (const key of keys) target = target[key] ??= {};
  target[last] = value;
}

export class Runs {
  /** @param {(run: Run, what: string) => void} changed `what` is record, event, scalars, layers, matrices or histograms */
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

  /** @param {any} message a text frame of the live socket */
  take(message) {
    if (message.type === 'snapshot') this.#snapshot(message);
    else if (message.type === 'event') this.#event(message);
    else if (message.type === 'resync') this.get(message.run)?.forget();
  }

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

  /** @param {any} header of a binary frame @param {(place: any) => any} view gives a header's array */
  takeFrame(header, view) {
    const run = this.get(header.run);
    if (!run) return;
    if (header.type === 'scalars') this.#scalars(run, header.series, view);
    else if (header.type === 'histograms') this.#histograms(run, header, view);
    else if (header.type === 'matrix') this.#matrix(run, header, view);
    run.reached(header.attempt, header.seq);
  }

  #scalars(run, listed, view) {
    const touched = new Set();
    for (const { name, width, columns } of listed) {
      const series = run.seriesOf(name);
      const arrays = Object.fromEntries(Object.entries(columns).map(([key, place]) => [key, view(place)]));
      if (width === 1) series.points(arrays.step, arrays.value);
      else series.buckets(arrays);
      touched.add(name.startsWith('layer/') ? 'layers' : 'scalars');
      if (name === 'train/loss' && run.active) run.step = Math.max(run.step ?? 0, series.lastStep + 1); // updates made
    }
    for (const what of touched) this.changed(run, what);
  }

  #matrix(run, { name, step, shape, meta, values }, view) {
    run.matrices.set(name, { step, shape, meta, values: view(values).slice() });
    this.changed(run, 'matrices');
  }

  #histograms(run, { kind, layer, arrays }, view) {
    const key = `${kind}/${layer}`;
    if (!run.tracks.has(key)) run.tracks.set(key, new Track());
    run.tracks.get(key).append(...['first', 'last', 'offsets', 'bins', 'counts'].map((name) => view(arrays[name])));
    this.changed(run, 'histograms');
  }
}
