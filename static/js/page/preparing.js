/** First start: the catalogue's answer comes when torch is imported; then the page that was asked for opens. */

import { asProblem, getCatalogue } from '../data/api.js';
import { $ } from './elements.js';
import { opened } from './opened.js';
import { installTheme } from './theme.js';

/** Seconds until it is asked for again where the server names none. */
const AGAIN = 5;

async function open() {
  try {
    await getCatalogue();
    location.reload();
  } catch (caught) {
    const problem = asProblem(caught);
    document.getElementById('trouble')?.remove(); // the same, as it was when the page came
    $('preparing-alert').textContent = problem.message;
    $('preparing-alert').hidden = $('preparing-advice').hidden = false;
    $('preparing-word').hidden = $('preparing-bar').hidden = true;
    setTimeout(open, 1000 * (problem.after ?? AGAIN));
  }
}

installTheme(() => {});
opened();
open();
