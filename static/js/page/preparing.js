/** First start: the catalogue's answer comes when torch is imported; then the Lab opens. */

import { asProblem, getCatalogue } from '../data/api.js';
import { $ } from './elements.js';
import { installTheme } from './theme.js';
import { opened } from './opened.js';

installTheme(() => {});
opened();
try {
  await getCatalogue();
  location.reload();
} catch (caught) {
  $('preparing-alert').textContent = asProblem(caught).message;
  $('preparing-alert').hidden = false;
  $('preparing-bar').hidden = true;
}
