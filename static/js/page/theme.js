/** Light, dark, or as the system: a cookie, so that the server renders the right one and nothing flashes. */

import { cookiePath } from './place.js';
import { $, all } from './elements.js';
import { _ } from './texts.js';

/** @typedef {Record<string, string>} Colours by the names of the style sheet's variables */

const ORDER = ['auto', 'light', 'dark'];
const NAMES = ['ink', 'muted', 'rule', 'card', 'ground', 'series-a', 'series-b', 'series-c', 'series-d', 'series-e', 'series-f', 'previous', 'bad', 'flag'];

/** @param {() => void} changed */
export function installTheme(changed) {
  const root = document.documentElement;
  const words = new Map([['auto', _('as the system')], ['light', _('light')], ['dark', _('dark')]]);
  const theme = () => root.dataset.theme ?? 'auto';
  const show = () => ($('theme-word').textContent = words.get(theme()) ?? '');
  $('theme').addEventListener('click', () => {
    root.dataset.theme = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length];
    document.cookie = `theme=${root.dataset.theme}; path=${cookiePath}; max-age=31536000; samesite=strict`;
    show();
    changed();
  });
  // The same page in another language: what its address says after # goes along.
  for (const link of all(document, '.languages a', HTMLAnchorElement)) link.addEventListener('click', () => (link.hash = location.hash));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  show();
}

const probe = document.createElement('span');
probe.hidden = true;

/** The colours of the style sheet as they are now, for what is drawn by script. */
export function colours() {
  if (!probe.isConnected) document.body.append(probe);
  /** @type {Colours} */
  const found = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  return found;
}
