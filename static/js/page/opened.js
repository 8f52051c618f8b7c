/** What an open page says of itself: whether all of its scripts began, and whether the server has others by now. */

/** Called at the end of each page's script: until then the page is not whole, which style sheets tell after some seconds. */
export const opened = () => document.getElementById('unready').remove();

/** @param {string} files the version of the server's files */
export function compareFiles(files) {
  const notice = document.getElementById('outdated');
  if (files === document.documentElement.dataset.files || !notice.hidden) return;
  notice.hidden = false;
  notice.querySelector('button').addEventListener('click', () => location.reload());
}
