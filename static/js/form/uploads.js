/** Files that users upload as data sets: sent, shown for what was found in them, chosen, deleted. Names are shown as text alone. */

import { asProblem, deleteUpload, getUploads, sendUpload } from '../data/api.js';
import { all, one } from '../page/elements.js';
import { _, integer } from '../page/texts.js';

/** @import { Upload } from '../data/wire.d.ts' */

/**
 * @param {HTMLFormElement} form
 * @param {(control: HTMLElement) => void} chosen called when another upload is chosen
 */
export function installUploads(form, chosen) {
  const fields = all(form, '[data-uploads]').map((field) => new Field(field, chosen));
  if (fields.length) list(fields);
}

/** @param {Field[]} fields */
async function list(fields) {
  const uploads = await getUploads().catch(() => null);
  for (const field of fields) field.list(uploads);
}

class Field {
  /** @param {HTMLElement} field @param {(control: HTMLElement) => void} chosen */
  constructor(field, chosen) {
    this.dataset = field.dataset.uploads;
    this.select = one(field, 'select[data-path]', HTMLSelectElement);
    this.file = one(field, '[data-file]', HTMLInputElement);
    this.progress = one(field, '[data-progress]', HTMLProgressElement);
    this.said = one(field, '[data-said]');
    this.found = one(field, '[data-found]');
    this.target = one(field, '[data-target]', HTMLSelectElement);
    this.task = one(field, '[data-task]', HTMLSelectElement);
    this.remove = one(field, '[data-remove]', HTMLButtonElement);
    this.targetRow = one(field, '[data-target-row]');
    this.chosen = chosen;
    /** @type {Upload | null} what was sent and not confirmed yet */
    this.waiting = null;
    this.file.addEventListener('change', (event) => {
      event.stopPropagation(); // the form's own listener is for what is in the spec
      this.#send({});
    });
    one(field, '[data-use]').addEventListener('click', () => this.#use());
    one(field, '[data-drop]').addEventListener('click', () => this.#discard());
    this.remove.addEventListener('click', () => this.#delete());
    this.select.addEventListener('change', () => this.#allow());
  }

  /** @param {Upload[] | null} uploads null: they could not be asked for */
  list(uploads) {
    const before = this.select.value;
    const mine = (uploads ?? []).filter(({ format }) => format === this.dataset);
    const first = new Option(!uploads ? _('could not be listed') : mine.length ? _('choose one') : _('none yet'), '');
    this.select.replaceChildren(first, ...mine.map((upload) => new Option(wordsOf(upload), upload.id)));
    if (before && !mine.some(({ id }) => id === before)) this.select.append(new Option(before, before)); // a run's, deleted since
    this.select.value = before;
    this.#allow();
  }

  /** @param {Record<string, string>} fields */
  async #send(fields) {
    const file = this.file.files?.[0];
    if (!file) return;
    this.#busy(true);
    this.found.hidden = true;
    this.said.textContent = _('Sending…');
    try {
      this.waiting = await sendUpload(file, fields, (share) => {
        this.progress.value = share;
        if (share === 1) this.said.textContent = _('Reading…');
      });
      this.#tell(this.waiting);
    } catch (caught) {
      const problem = asProblem(caught);
      this.said.textContent = problem.errors.map(({ msg }) => msg).join(' · ') || problem.message;
      this.file.value = '';
    }
    this.#busy(false);
  }

  /** @param {Upload} upload */
  #tell(upload) {
    const said = [
      _('{rows} rows, {features} features.', { rows: integer(upload.rows), features: integer(upload.features.length) }),
      upload.classes.length ? _('Classes: {names}.', { names: upload.classes.slice(0, 12).join(', ') + (upload.classes.length > 12 ? '…' : '') }) : '',
      upload.ignored.length ? _('Not used: {names}.', { names: upload.ignored.slice(0, 12).map(({ column, why }) => `${column} (${why})`).join(', ') }) : '',
      ...upload.notes,
      _('Is the target right?'),
    ];
    this.said.textContent = said.filter(Boolean).join(' ');
    this.target.replaceChildren(...upload.columns.map((name) => new Option(name, name)));
    this.target.value = upload.target;
    this.targetRow.hidden = upload.format === 'arrays';
    this.task.value = upload.task;
    this.found.hidden = false;
    (this.targetRow.hidden ? this.task : this.target).focus();
  }

  /** As it was found; or, where a person knows better, sent again with what they said. */
  async #use() {
    if (!this.waiting) return;
    const { id, target, task } = this.waiting;
    if (this.target.value !== target || this.task.value !== task) {
      await deleteUpload(id).catch(() => {});
      /** @type {Record<string, string>} */
      const fields = this.targetRow.hidden ? {} : { target: this.target.value };
      // Of another target the task is found out anew, where it was not changed too.
      if (this.task.value !== task) fields.task = this.task.value;
      this.waiting = null;
      await this.#send(fields);
      return;
    }
    this.#done();
    this.list(await getUploads().catch(() => null));
    if (![...this.select.options].some((option) => option.value === id)) this.select.append(new Option(id, id));
    this.select.value = id;
    this.#allow();
    this.select.focus();
    this.chosen(this.select);
  }

  async #discard() {
    if (this.waiting) await deleteUpload(this.waiting.id).catch(() => {});
    this.#done();
    this.file.focus();
  }

  async #delete() {
    const name = this.select.selectedOptions[0].textContent ?? '';
    if (!confirm(_('Delete {name}? Runs that used it keep their curves and can’t be repeated.', { name }))) return;
    try {
      await deleteUpload(this.select.value);
      this.said.textContent = _('Deleted.');
      this.select.value = '';
    } catch (caught) {
      this.said.textContent = asProblem(caught).message;
    }
    this.list(await getUploads().catch(() => null));
    this.select.focus();
  }

  #done() {
    this.waiting = null;
    this.found.hidden = true;
    this.said.textContent = '';
    this.file.value = '';
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.progress.hidden = !busy;
    this.progress.value = 0;
    this.file.disabled = busy;
  }

  #allow() {
    this.remove.disabled = !this.select.value;
  }
}

/** @param {Upload} upload */
const wordsOf = (upload) => `${upload.name} · ${upload.target} · ${integer(upload.rows)}`;
