/** The one sentence over the figures: what goes on, why it ended, what was refused. */

import { $ } from '../page/elements.js';
import { _, integer } from '../page/texts.js';

/** @import { RunStatus, Spec } from '../data/wire.d.ts' */

/** @type {Record<RunStatus, string>} */
const MARKS = { finished: '✓', stopped: '■', diverged: '✕', failed: '✕', interrupted: '◐', paused: '❚❚', queued: '◌', starting: '◌', running: '' };

/** The spec in a few words. @param {Spec} spec @param {(path: string, value: string) => string} label */
function setting(spec, label) {
  const parts = [
    label('data.name', spec.data.name),
    label('model.name', spec.model.name),
    label('model.activation.name', spec.model.activation.name),
    label('init.name', spec.init.name),
    spec.norm.name === 'none' ? _('no normalisation') : label('norm.name', spec.norm.name),
    label('optimizer.name', spec.optimizer.name),
  ];
  return parts.join(' · ');
}

/**
 * @param {import('../data/runs.js').Run | undefined} run
 * @param {(path: string, value: string) => string} label
 * @param {string} [story] of the preset that the run belongs to, told while it goes on
 */
export function sentenceOf(run, label, story) {
  if (!run) return story ?? _('Press Start: a small network learns to read digits, and you watch what happens inside.');
  const { status, end_reason: reason, spec } = run.record;
  const mark = MARKS[status] ? `${MARKS[status]} ` : '';
  if (!spec) return mark;
  if (story && status === 'running') return story;
  const what = setting(spec, label);
  const step = integer(run.step ?? 0);
  const said = {
    queued: _('Waiting for a free slot: {what}', { what }),
    starting: _('Starting: {what}', { what }),
    running: _('Training: {what}', { what }),
    paused: _('Paused at step {step}: {what}', { step, what }),
    finished: _('Finished after {step} steps: {what}', { step, what }),
    stopped: _('Stopped after {step} steps: {what}', { step, what }),
    diverged: _('Diverged at step {step}: the loss is no longer a number', { step }),
    failed: _('Failed at step {step}', { step }),
    interrupted: _('Interrupted at step {step}', { step }),
  }[status];
  const stop = run.events.find((e) => e.kind === 'early_stop');
  const early = stop ? _('early stop: no gain since step {step}', { step: integer(stop.data.best_step) }) : '';
  /** @type {Partial<Record<RunStatus, string | null>>} */
  const reasons = { finished: early, diverged: _('a smaller learning rate often helps'), failed: reason, interrupted: reason };
  const why = reasons[status];
  return `${mark}${said ?? status}${why ? ` — ${why}` : ''}`;
}

/** @param {string} text */
export function tell(text) {
  const line = $('sentence');
  if (line.textContent !== text) line.textContent = line.title = text; // a wide page cuts it off
}

/** An error, over the sentence until it is mended. @param {string} text empty: none */
export function alertUser(text) {
  const line = $('alert');
  line.textContent = line.title = text;
  line.hidden = !text;
  $('sentence').hidden = Boolean(text);
}
