/** What the REST API and the live socket send: the shapes of `app/api` and `app/sockets/live.py`, as far as the pages read them. */

/** What stands at a dotted path of a spec: only the path says which type it has. */
export type Value = any;
/** A nested object that dotted paths walk through. */
export type Nested = { [key: string]: Value };
/** A part's own parameters: `GET /api/catalog` has their schemas. */
export type Params = Nested;
/** A text in every language, by the language's code. */
export type Words = Record<string, string>;
/** Null where it is not finite, or not there. */
export type Cell = number | null;

export interface FieldError {
  loc: string;
  msg: string;
  got?: unknown;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

// ---- specs

export interface Part {
  name: string;
  params: Params;
}

export interface Spec {
  name: string;
  tags: string[];
  notes: string;
  seed: number;
  device: string;
  precision: string;
  pace: number | null;
  data: Part & {
    batch_size: number | 'full';
    train_size: number | null;
    val_size: number;
    test_size: number;
    label_noise: number;
    split_seed: number | null;
    resample: 'none' | 'bootstrap' | 'subsample' | 'fresh';
    standardize: boolean;
  };
  model: Part & { activation: Part };
  init: Part;
  norm: Part & { placement: string };
  penalty: { l1: number; l2: number; method: string };
  loss: string;
  optimizer: Part & { schedule: Part | null; clip_norm: number | null };
  stop: {
    max_epochs: number | null;
    max_steps: number | null;
    early: { monitor: string; patience: number; min_delta: number; restore_best: boolean } | null;
  };
  probes: { budget: number; every: number | string; select: string };
}

/** New values by dotted path. */
export type Changes = Record<string, Value>;

// ---- runs

export type RunStatus = 'queued' | 'starting' | 'running' | 'paused' | 'finished' | 'stopped' | 'diverged' | 'failed' | 'interrupted';

export interface Layer {
  name: string;
  kind: string;
  norm?: string | null;
  activation?: string | null;
}

export interface RunRecord {
  id: string;
  name: string;
  tags: string[];
  notes: string;
  spec: Spec;
  status: RunStatus;
  end_reason: string | null;
  created: number;
  started: number | null;
  ended: number | null;
  step: number | null;
  layers: Layer[];
  latest: Record<string, Cell>;
  attempt: number;
  seq: number;
  parent: string | null;
  study: string | null;
  cell: number | null;
}

export type Control = 'pause' | 'resume' | 'step' | 'stop' | 'set' | 'checkpoint';

export interface RunCreated {
  id: string;
  status: RunStatus;
  url: string;
  spec: Spec;
}

export interface Finding {
  rule: string;
  severity: number;
  layer?: string | null;
  evidence: Record<string, number | string | null>;
  mend: Changes;
}

interface EventOf<Kind extends string, Data> {
  seq?: number;
  step: number;
  time: number;
  kind: Kind;
  data: Data;
}

/** What happened to a run. Kinds that no page reads look like `forked`. */
export type RunEvent =
  | EventOf<'control', { action: string; changes?: Changes; error?: string | null; status?: RunStatus }>
  | EventOf<'status', { status: RunStatus; end_reason: string | null }>
  | EventOf<'started', { layers?: Layer[] }>
  | EventOf<'early_stop', { best_step: number; obeyed?: boolean }>
  | EventOf<'diagnosis', Finding & { on: boolean }>
  | EventOf<'probe_failed', { probe: string }>
  | EventOf<'resumed', { changes?: Changes }>
  | EventOf<'forked', object>;

export interface Slots {
  slots: number;
  used: number;
  running: number;
  queued: number;
}

export interface SeriesColumns {
  name: string;
  width: number;
  step: number[];
  min: Cell[];
  max: Cell[];
  mean: Cell[];
  last: Cell[];
  nonfinite: number[];
}

// ---- matrices: an array of a run at one step, flat, the last axis fastest

export interface Matrix<Meta> {
  step: number;
  shape: number[];
  meta: Meta;
  values: ArrayLike<number> & Iterable<number>;
}

type Span = [number, number];
type Count = { least: number; most: number; examples: number };

export type Grid = Matrix<{ kind: 'boundary' | 'surface' | 'curve'; axes: Span[]; classes: number }>;
export type Weights = Matrix<{ kind: 'weights'; image: [number, number] | null }>;
export type Table = Matrix<{ kind?: 'classes'; columns: string[] }>;
export type Visits = Matrix<{ kind: 'visits'; train: Count; val: Count; test: Count }>;
export type Fitted = Grid | Weights;

/** The matrices that the pages draw, by name. */
export interface Matrices {
  function: Grid;
  weights: Weights;
  points: Table;
  classes: Table;
  visits: Visits;
}

// ---- the live socket

export type Since = { attempt: number; seq: number };

/** A text frame. */
export type Told =
  | { type: 'hello'; protocol: number; version: string; files: string }
  | { type: 'snapshot'; run: RunRecord; events: RunEvent[] }
  | { type: 'event'; run: string; attempt: number; seq: number; event: RunEvent }
  | { type: 'resync'; run: string }
  | { type: 'error'; errors: FieldError[] }
  | { type: 'changed'; topic: string; counts: Record<string, number> };

export interface Arrays {
  float64: Float64Array<ArrayBuffer>;
  float32: Float32Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  uint16: Uint16Array<ArrayBuffer>;
}

/** Where an array stands in a binary frame. */
export interface Place<D extends keyof Arrays = keyof Arrays> {
  dtype: D;
  offset: number;
  length: number;
}

/** Gives an array of a frame: a view, not a copy. */
export type View = <D extends keyof Arrays>(place: Place<D>) => Arrays[D];

type Column = Place<'float64'>;

export type ScalarsHeader = {
  name: string;
  width: number;
  columns: { step: Column; value: Column } | { step: Column; min: Column; max: Column; last: Column; nonfinite: Column };
};

export interface HistogramsHeader {
  kind: string;
  layer: string;
  arrays: { first: Column; last: Column; offsets: Place<'uint32'>; bins: Place<'uint16'>; counts: Place<'uint32'> };
}

export interface MatrixHeader {
  name: keyof Matrices;
  step: number;
  shape: number[];
  meta: Matrices[keyof Matrices]['meta'];
  values: Place<'float32'>;
}

/** The header of a binary frame. */
export type Header = { run: string; attempt: number; seq: number } & (
  | { type: 'scalars'; series: ScalarsHeader[] }
  | ({ type: 'histograms' } & HistogramsHeader)
  | ({ type: 'matrix' } & MatrixHeader)
);

// ---- the catalogue

/** The edges of the fixed bins; null where a bin is open. */
export interface Bins {
  low: Cell[];
  high: Cell[];
  zero: number;
  nan: number;
}

export interface Preset {
  name: string;
  label: Words;
  sentence: Words;
  look: string | null;
  arms: { label: Words; spec: Nested }[];
}

export interface Rule {
  name: string;
  sentence: Words;
}

export interface Catalogue {
  bins: Bins;
  defaults: Spec;
  live: string[];
  presets: Preset[];
  diagnoses: Rule[];
}

/** A study that opens in one click. */
export interface ReadyStudy {
  name: string;
  label: Words;
  sentence: Words;
  base: Nested;
  axes: Record<string, Value[]>;
  seeds: number;
  view: string;
  shown: string;
}

/** A field of the spec that a study may vary. */
export interface Field {
  path: string;
  label: string;
  kind: 'choice' | 'number' | 'flag';
  words?: string[];
  min?: number | null;
  max?: number | null;
  integer?: boolean;
  nullable?: boolean;
  default: Value;
  options: { value: string; label: string; short: string }[];
  /** The option whose parameter it is. */
  of: { path: string; value: string; label: string } | null;
}

// ---- studies

export interface Axis {
  path: string;
  values: Value[];
}

export interface Progress {
  total: number;
  waiting: number;
  going: number;
  ended: number;
  failed: number;
}

export interface StudySummary {
  id: string;
  name: string;
  notes: string;
  status: 'running' | 'done' | 'cancelled' | 'failed';
  reason: string | null;
  created: number;
  ended: number | null;
  axes: Axis[];
  seeds: number[];
  cells: unknown;
  runs: Progress;
}

export interface Final {
  n: number;
  mean: Cell;
  median: Cell;
  low: Cell;
  high: Cell;
  q10: Cell;
  q90: Cell;
  values: Cell[];
}

export interface StudyCell {
  index: number;
  values: Record<string, Value>;
  refused: FieldError[] | null;
  runs: { seed: number; run: string | null; status: 'waiting' | RunStatus }[];
  finals?: Record<string, Final>;
}

export interface Study extends StudySummary {
  base: Spec;
  cells: StudyCell[];
}

/** What starts a study. */
export interface StudyRequest {
  name: string;
  notes?: string;
  base: Nested;
  axes: Record<string, Value[]>;
  seeds: number | string | null;
}

/** Columns over the steps, of the seeds of one cell. */
export interface Band {
  index: number;
  step: number[];
  n: number[];
  mean: Cell[];
  median: Cell[];
  low: Cell[];
  high: Cell[];
  q10: Cell[];
  q90: Cell[];
}

export interface Bands {
  name: string;
  cells: Band[];
}

export type Term = 'bias2' | 'variance' | 'noise' | 'error';

export type CellTerms = Record<Term, Cell> & {
  cell: number;
  values: Record<string, Value>;
  capacity: Value;
  n: number;
  reason: string | null;
  low: Partial<Record<Term, number>>;
  high: Partial<Record<Term, number>>;
};

export interface DecompositionKind {
  kind: string;
  label: Words;
  text: Words;
  terms: Partial<Record<Term, Words>>;
  source: string;
  by: string;
}

export interface CellCurves {
  cell: number;
  x: number[];
  mean: Cell[];
  runs: Cell[][];
}

export interface Curves {
  x: number[];
  truth: Cell[] | null;
  points: { x: Cell[]; y: Cell[] };
  by: CellCurves[];
}

export interface Decomposition {
  kind: string | null;
  kinds: DecompositionKind[];
  axis: Axis | null;
  resample: string;
  by: CellTerms[];
  curves: Curves | null;
}

export type Split = 'train' | 'val' | 'test';
export type Interval = { mean: number; low: number; high: number };

export type PathPoint = Record<Split, Interval | null> & {
  cell: number;
  lambda: number;
  n: number;
  norm: number;
  zeros: number;
  weights: number[] | null;
};

export interface PathEnd {
  verdict: 'overfit' | 'underfit' | 'fits';
}

export interface Path {
  axis: Axis;
  lines: Record<string, Value>[];
  metric: 'loss' | 'error';
  by: PathPoint[];
  best: { lambda: number; val: number } | null;
  ends: { low: PathEnd; high: PathEnd } | null;
  true: number[] | null;
  weights_of: 'median' | 'first seed';
}

// ---- the notes' experiments

export interface Bound {
  name: string;
  label: Words;
  above: number | null;
  below: number | null;
  strict: boolean;
}

export interface ExperimentAbout {
  id: string;
  bounds: Bound[];
  axes: Words[];
  log_axes: boolean[];
  right_axis: { label: Words; log: boolean } | null;
  arms: string[];
}

export interface Curve {
  name: string;
  x: number[];
  y: Cell[];
  right: boolean;
}

/** What one seed gave. */
export interface Found {
  seed: number;
  passes: boolean;
  values: Record<string, Cell>;
  curves: Curve[];
}

export type Outcome = 'shown' | 'contradicted' | 'inconclusive';

export interface Judgement {
  id: string;
  status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  reason: string | null;
  created: number;
  ended: number | null;
  quick: boolean;
  seeds: number[];
  founds: Found[];
  /** Seed → arm → run. */
  runs: Record<string, Record<string, string>>;
  names: Record<string, string>;
  /** Null while no seed is done. */
  outcome: Outcome | null;
}

export interface ClaimSummary {
  experiment: ExperimentAbout;
  judgement: Judgement | null;
  standing: Judgement | null;
  times: number;
}

export interface ClaimTold {
  judgements: Judgement[];
  standing: Judgement | null;
  times: number;
}

// ---- uploads

export interface Upload {
  id: string;
  name: string;
  format: 'table' | 'arrays';
  rows: number;
  task: string;
  classes: string[];
  target: string;
  columns: string[];
  features: string[];
  ignored: { column: string; why: string }[];
  notes: string[];
}
