/** The menu of files that a run can be taken away as. */

import { at } from '../page/place.js';
import { $, all, around, one } from '../page/elements.js';
import { language } from '../page/texts.js';

const menu = $('export', HTMLDetailsElement);
const summary = one(menu, 'summary');

export function installExport() {
  summary.addEventListener('click', (event) => {
    if (summary.getAttribute('aria-disabled') === 'true') event.preventDefault();
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.open = false;
    summary.focus();
  });
  for (const type of ['click', 'focusin']) {
    document.addEventListener(type, (event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    });
  }
  menu.addEventListener('click', (event) => {
    if (around(event, 'a')) menu.open = false;
  });
}

/** @param {string | null | undefined} id the run that is shown */
export function offerExport(id) {
  summary.setAttribute('aria-disabled', String(!id));
  if (!id) menu.open = false;
  for (const link of all(menu, '[data-format]', HTMLAnchorElement)) {
    const query = new URLSearchParams({ format: link.dataset.format ?? '', lang: language });
    if (id) link.href = at(`/api/runs/${encodeURIComponent(id)}/export?${query}`);
    else link.removeAttribute('href');
  }
}
