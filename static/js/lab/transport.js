/** Start, pause, step, stop, speed; the step counter and the run's state. */

import { position, valueAt } from '../form/controls.js';
import { $, one } from '../page/elements.js';
import { statusWords } from '../page/statuses.js';
import { offerExport } from './exporting.js';
import { _, integer } from '../page/texts.js';

const PACE = { low: '1', high: '3000', scale: 'log' };
const LIMITLESS = 99.75;
const ENDED = ['finished', 'stopped', 'diverged', 'failed', 'interrupted'];

/** @typedef {'pause' | 'resume' | 'step' | 'stop'} Action */

const pause = $('pause', HTMLButtonElement);
const pace = $('pace', HTMLInputElement);

export class Transport {
  /** @param {{start: () => void, act: (action: Action) => Promise<void>, goOn: () => Promise<void>, pace: (value: number | null) => void}} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    this.acting = false;
    this.ended = false;
    this.title = pause.title;
    this.status = 'none';
    /** @type {Record<string, string>} */
    this.words = { none: _('no run yet'), ...statusWords() };
    $('start').addEventListener('click', () => hooks.start());
    pause.addEventListener('click', () => this.toggle());
    $('step').addEventListener('click', () => this.#act('step'));
    $('stop').addEventListener('click', () => this.#act('stop'));
    pace.addEventListener('input', () => {
      const place = Number(pace.value);
      this.#pace = place >= LIMITLESS ? null : valueAt(place, PACE);
      this.#say();
      hooks.pace(this.pace);
    });
  }

  /** Steps a second at most; null: no limit. @type {number | null} */
  #pace = null;

  get pace() {
    return this.#pace;
  }

  set pace(value) {
    this.#pace = value;
    pace.value = String(value === null ? 100 : Math.min(99.5, position(value, PACE)));
    this.#say();
  }

  /** Pause or resume, whichever the run's state asks for; one that has ended goes on as its next attempt. */
  toggle() {
    if (!pause.disabled) this.#act(this.ended ? 'go on' : this.status === 'paused' ? 'resume' : 'pause');
  }

  /** @param {import('../data/runs.js').Run | undefined} run */
  show(run) {
    const status = run?.record.status ?? 'none';
    this.status = status;
    const going = status === 'running' || status === 'starting' || status === 'paused';
    this.ended = ENDED.includes(status);
    const resumes = this.ended || status === 'paused';
    pause.disabled = !going && !this.ended;
    pause.classList.toggle('worded', this.ended);
    pause.title = this.ended ? _('Go on with this run from where it ended') : this.title;
    $('step', HTMLButtonElement).disabled = !going;
    $('stop', HTMLButtonElement).disabled = !(going || status === 'queued');
    $('state').dataset.status = status;
    $('state-word').textContent = this.words[status] ?? status;
    $('pause-word').textContent = resumes ? _('Resume') : _('Pause');
    one(pause, 'use', SVGUseElement).setAttribute('href', resumes ? '#icon-play' : '#icon-pause');
    $('fork', HTMLButtonElement).disabled = !run || status === 'queued' || status === 'none';
    $('code', HTMLButtonElement).disabled = !run;
    offerExport(run?.id);
    $('counter').textContent = run?.step == null ? '–' : integer(run.step);
    const name = $('run-name', HTMLAnchorElement);
    name.hidden = !run;
    if (run) {
      name.textContent = run.record.name || run.id;
      name.href = `#run=${run.id}`;
      name.title = `${_('Link to this run')}: ${run.id}`;
    }
  }

  #say() {
    const word = this.pace === null ? _('no limit') : _('{n} steps/s', { n: integer(this.pace) });
    $('pace-value').textContent = word;
    pace.setAttribute('aria-valuetext', word);
    pace.style.setProperty('--at', `${pace.value}%`);
  }

  /** @param {Action | 'go on'} action */
  async #act(action) {
    if (this.acting) return;
    this.acting = true;
    await (action === 'go on' ? this.hooks.goOn() : this.hooks.act(action));
    this.acting = false;
  }
}
