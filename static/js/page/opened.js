/** What an open page says of itself: whether all of its scripts began, and whether the server has others by now. */

import { $, one } from './elements.js';

/** Called at the end of each page's script: until then the page is not whole, which style sheets tell after some seconds. */
export const opened = () => $('unready').remove();

/** @param {string} files the version of the server's files */
export function compareFiles(files) {
  const notice = $('outdated');
  if (files === document.documentElement.dataset.files || !notice.hidden) return;
  notice.hidden = false;
  one(notice, 'button').addEventListener('click', () => location.reload());
}
