/** The REST calls that the page makes. Refusals are RFC 9457 problems. */

import { at } from '../page/place.js';
import { _ } from '../page/texts.js';

/** @import { Bands, Catalogue, Changes, ClaimSummary, ClaimTold, Control, Decomposition, FieldError, Fitted, Judgement, Matrices, Page, Path, RunCreated, RunRecord, SeriesColumns, Slots, Study, StudyRequest, StudySummary, Table, Upload, Visits } from './wire.d.ts' */

export class Problem extends Error {
  /** @param {number} status @param {string} detail @param {FieldError[]} [errors] @param {number} [after] seconds until it may go well */
  constructor(status, detail, errors = [], after = undefined) {
    super(detail);
    this.status = status;
    this.errors = errors;
    this.after = after;
  }
}

/** What was caught, as a problem; what is no answer of the server's has its message alone. @param {unknown} caught */
export const asProblem = (caught) => (caught instanceof Problem ? caught : new Problem(NaN, caught instanceof Error ? caught.message : String(caught)));

/**
 * The answer's JSON, or its text where it is no JSON; throws `Problem`. What an address answers with stands at the function that asks it.
 * @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [headers] @returns {Promise<any>}
 */
async function ask(method, path, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(at(path), {
      method,
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, _('The server can’t be reached. Nothing was lost; try again in a moment.'));
  }
  if (answer.ok && !answer.headers.get('Content-Type')?.includes('json')) return answer.text();
  const said = await answer.json().catch(() => ({}));
  const after = Number(answer.headers.get('Retry-After')) || undefined;
  if (!answer.ok) throw new Problem(answer.status, said.detail || `${answer.status} ${answer.statusText}`, said.errors, after);
  return said;
}

/** Random per intent: two requests with one key start one run. `randomUUID` is missing where the page isn't on https. */
export function intentKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Start a run. A request that got no answer is sent once more with the same key, which can't start a second run.
 * @param {object} spec @param {string} key @returns {Promise<RunCreated>}
 */
export async function createRun(spec, key) {
  const send = () => ask('POST', '/api/runs', spec, { 'Idempotency-Key': key });
  try {
    return await send();
  } catch (caught) {
    if (asProblem(caught).status !== 0) throw caught;
    return send();
  }
}

/** @param {string} id @param {Control} action @param {Changes} [changes] @returns {Promise<unknown>} once the trainer has applied it */
export const control = (id, action, changes) =>
  ask('POST', `/api/runs/${encodeURIComponent(id)}/control`, changes ? { action, changes } : { action });

/** The newest run, one that has finished where there is one. @returns {Promise<RunRecord | undefined>} */
export async function newestRun() {
  const finished = await ask('GET', '/api/runs?limit=1&status=finished');
  return finished.items[0] ?? (await ask('GET', '/api/runs?limit=1')).items[0];
}

/** @returns {Promise<Slots>} */
export const getSlots = () => ask('GET', '/api/slots');

/** A run that goes on from this one's state now. @param {string} id @returns {Promise<RunCreated>} */
export const forkRun = (id) => ask('POST', `/api/runs/${encodeURIComponent(id)}/fork`, { at: 'now', changes: {} });

/** The same run goes on from its newest checkpoint. @param {string} id @param {Changes} changes @returns {Promise<unknown>} */
export const resumeRun = (id, changes) => ask('POST', `/api/runs/${encodeURIComponent(id)}/resume`, { changes });

/** The matrix of a name at the stored step nearest to one. @param {string} id @param {keyof Matrices} name @param {number} step @returns {Promise<Table | Visits>} */
export const getMatrix = (id, name, step) => ask('GET', `/api/runs/${encodeURIComponent(id)}/matrices/${name}?step=${step}`);

/** @param {string} id @returns {Promise<string>} a script */
export const getCode = (id) => ask('GET', `/api/runs/${encodeURIComponent(id)}/code`);

/** What was fitted at the stored step nearest to one. @param {string} id @param {number} step @returns {Promise<{function: Fitted | null}>} */
export const getFunction = (id, step) => ask('GET', `/api/runs/${encodeURIComponent(id)}/function?step=${step}`);

/** @param {string} id @returns {Promise<RunRecord>} */
export const getRun = (id) => ask('GET', `/api/runs/${encodeURIComponent(id)}`);

/** @returns {Promise<Upload[]>} what users uploaded, newest first */
export const getUploads = async () => (await ask('GET', '/api/datasets')).items;

/** @param {string} id */
export const deleteUpload = (id) => ask('DELETE', `/api/datasets/${encodeURIComponent(id)}`);

/**
 * Send a file as a data set. By XMLHttpRequest, because fetch tells nothing of how far it is.
 * @param {File} file @param {Record<string, string>} fields @param {(share: number) => void} progress
 * @returns {Promise<Upload>} what was found in it; throws `Problem`
 */
export function sendUpload(file, fields, progress) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener('error', () => reject(new Problem(0, _('The file could not be sent: the server can’t be reached, or it is larger than allowed.'))));
    request.addEventListener('load', () => {
      const said = request.response ?? {};
      if (request.status === 201) resolve(said);
      else reject(new Problem(request.status, said.detail || `${request.status} ${request.statusText}`, said.errors));
    });
    request.open('POST', at('/api/datasets'));
    request.send(form);
  });
}
/** @returns {Promise<Page<ClaimSummary>>} every experiment with its newest judgement, without curves */
export const getClaims = () => ask('GET', '/api/claims?curves=false');

/** An experiment's newest judgement. @param {string} id @param {boolean} curves whether it comes with what the figure draws @returns {Promise<ClaimTold>} */
export const getClaim = (id, curves) => ask('GET', `/api/claims/${encodeURIComponent(id)}?most=1&curves=${curves}`);

/** @param {string} id @param {boolean} quick two seeds instead of ten @returns {Promise<Judgement>} */
export const runClaim = (id, quick) => ask('POST', `/api/claims/${encodeURIComponent(id)}/run`, { quick });

/** @param {string} id */
export const cancelClaim = (id) => ask('POST', `/api/claims/${encodeURIComponent(id)}/cancel`);


/** @returns {Promise<Catalogue>} */
export const getCatalogue = () => ask('GET', '/api/catalog');

/** @param {string} id @param {string} [rest] */
const studyAt = (id, rest = '') => `/api/studies/${encodeURIComponent(id)}${rest}`;

/** @typedef {Record<string, unknown>} Query empty ones are left out */

/** @param {Query} query status, q, tag, study, limit, cursor @returns {Promise<Page<RunRecord>>} */
export const listRuns = (query) => ask('GET', `/api/runs?${filled(query)}`);

/** @param {string} id */
export const deleteRun = (id) => ask('DELETE', `/api/runs/${encodeURIComponent(id)}`);

/** The ids of all runs that are like that. @param {Query} query status, q, tag @returns {Promise<string[]>} */
export const listRunIds = async (query) => (await ask('GET', `/api/runs/ids?${filled(query)}`)).ids;

/**
 * Stop or delete as many as a hundred runs. @param {'stop' | 'delete'} action @param {string[]} ids
 * @returns {Promise<{done: string[], refused: {id: string, status: number, detail: string}[]}>}
 */
export const bulkRuns = (action, ids) => ask('POST', '/api/runs/bulk', { action, ids });

/** Buckets of a series. @param {string} id @param {string} name @param {number} points @returns {Promise<{series: SeriesColumns[]}>} */
export const getSeries = (id, name, points) => ask('GET', `/api/runs/${encodeURIComponent(id)}/series?${filled({ names: name, points })}`);

/** @param {Query} query limit, cursor @returns {Promise<Page<StudySummary>>} */
export const listStudies = (query) => ask('GET', `/api/studies?${filled(query)}`);

/** Start a study. With one key, a request that is sent twice starts one. @param {StudyRequest} body @param {string} key @returns {Promise<Study>} */
export const createStudy = (body, key) => ask('POST', '/api/studies', body, { 'Idempotency-Key': key });

/** @param {string} id @param {string | null} finals the names of the final values that are wanted; null: all of them @returns {Promise<Study>} */
export const getStudy = (id, finals = null) => ask('GET', studyAt(id, finals === null ? '' : `?${filled({ finals })}`));

/** @param {string} id @param {string} name of a series @param {number} points @returns {Promise<Bands>} */
export const getBands = (id, name, points) => ask('GET', studyAt(id, `/bands?${filled({ name, points })}`));

/** @param {string} id @param {Query} [query] @returns {Promise<Decomposition>} */
export const getDecomposition = (id, query = {}) => ask('GET', studyAt(id, `/decomposition?${filled(query)}`));

/** @param {string} id @param {Query} [query] @returns {Promise<Path>} */
export const getPath = (id, query = {}) => ask('GET', studyAt(id, `/path?${filled(query)}`));

/** @param {string} id @param {{name?: string, notes?: string}} changes @returns {Promise<StudySummary>} */
export const changeStudy = (id, changes) => ask('PATCH', studyAt(id), changes);

/** @param {string} id @returns {Promise<Study>} */
export const cancelStudy = (id) => ask('POST', studyAt(id, '/cancel'));

/** @param {string} id @param {number} seeds how many more @returns {Promise<Study>} */
export const extendStudy = (id, seeds) => ask('POST', studyAt(id, '/extend'), { seeds });

/** @param {string} id */
export const deleteStudy = (id) => ask('DELETE', studyAt(id));

/** @param {Query} query */
const filled = (query) => new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && value !== null && value !== undefined).map(([key, value]) => [key, String(value)]));
