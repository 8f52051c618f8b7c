/** What is wrong with a run, in one sentence with its numbers, and the change that would mend it. */

import { _, brief, language, shown } from '../page/texts.js';

/** @import { Changes, Finding, Rule } from '../data/wire.d.ts' */

/** Findings that are not over, the most severe first. @param {import('../data/runs.js').Run} run */
export function findingsOf(run) {
  /** @type {Map<string, Finding & {since: number}>} */
  const on = new Map();
  for (const { kind, step, data } of run.events) {
    if (kind === 'resumed') on.clear();
    if (kind !== 'diagnosis') continue;
    if (data.on) on.set(data.rule, { since: step, ...data });
    else on.delete(data.rule);
  }
  return [...on.values()].sort((a, b) => a.severity - b.severity);
}

/** @param {Finding['evidence'][string]} value */
const word = (value) => (typeof value === 'number' ? (Number.isInteger(value) ? String(value) : shown(Number(value.toPrecision(3)))) : String(value));

/** @param {Finding} finding @param {Rule[]} rules of the catalogue */
export function sentenceOf(finding, rules) {
  const rule = rules.find((r) => r.name === finding.rule);
  return rule ? rule.sentence[language].replace(/\{(\w+)\}/g, (whole, key) => (key in finding.evidence ? word(finding.evidence[key]) : whole)) : finding.rule;
}

/**
 * Show a change on its button, or hide the button.
 * @param {HTMLElement} button @param {Changes} changes @param {import('../form/controls.js').Controls} controls
 */
export function offer(button, changes, controls) {
  const said = Object.entries(changes).map(([path, value]) => `${controls.titleOf(path)} ${typeof value === 'number' ? brief(value) : controls.labelOf(path, String(value))}`);
  button.hidden = !said.length;
  button.dataset.changes = JSON.stringify(changes);
  const text = _('Try {change}', { change: said.join(', ') });
  if (button.textContent !== text) button.textContent = text;
}
