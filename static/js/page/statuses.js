/** How a run or a study stands: a sign and a word, so that neither colour nor shape says it alone. */

import { _ } from './texts.js';

/** @type {Record<string, string>} */
const SIGNS = {
  queued: '…', waiting: '…', starting: '…', running: '▶', paused: '‖', finished: '✓', done: '✓', stopped: '■', cancelled: '■', diverged: '✕', failed: '✕',
  interrupted: '◐',
};

/** @returns {Record<string, string>} */
export const statusWords = () => ({
  queued: _('queued'), waiting: _('waiting'), starting: _('starting'), running: _('running'), paused: _('paused'), finished: _('finished'), done: _('done'),
  stopped: _('stopped'), cancelled: _('cancelled'), diverged: _('diverged'), failed: _('failed'), interrupted: _('interrupted'),
});

/** @param {string} status @param {string} [title] @returns {HTMLElement} */
export function statusMark(status, title = '') {
  const mark = Object.assign(document.createElement('span'), { className: 'status', title });
  fillStatus(mark, status);
  return mark;
}

/** @param {HTMLElement} mark @param {string} status */
export function fillStatus(mark, status) {
  if (mark.dataset.status === status) return;
  mark.dataset.status = status;
  const sign = Object.assign(document.createElement('span'), { className: 'sign', textContent: SIGNS[status] ?? '·' });
  sign.setAttribute('aria-hidden', 'true');
  mark.replaceChildren(sign, ` ${statusWords()[status] ?? status}`);
}
