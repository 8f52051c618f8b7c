/** What the third figure can show: every file of `charts/views`. The page names them, so that one more needs no other edit. */

import { asProblem } from '../data/api.js';
import { _ } from '../page/texts.js';

/** @import { LabView } from '../charts/plot.js' */

/** Those that can be used, in their order, and of each that can't what is wrong. @returns {Promise<{views: LabView[], troubles: string[]}>} */
export async function loadViews() {
  /** @type {NodeListOf<HTMLLinkElement>} */
  const links = document.querySelectorAll('link[data-view]');
  const views = /** @type {LabView[]} */ ([]);
  const troubles = /** @type {string[]} */ ([]);
  await Promise.all([...links].map(async ({ href }) => {
    try {
      views.push((await import(href)).default);
    } catch (caught) {
      troubles.push(_('The view {file} can’t be used: {why}', { file: href.split('/').at(-1) ?? '', why: asProblem(caught).message }));
    }
  }));
  return { views: views.sort((a, b) => a.order - b.order), troubles };
}
