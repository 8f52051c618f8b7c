/** First start: the catalogue's answer comes when torch is imported; then the Lab opens. */

import { getCatalogue } from '../data/api.js';
import { installTheme } from './theme.js';
import { opened } from './opened.js';

installTheme(() => {});
opened();
try {
  await getCatalogue();
  location.reload();
} catch (problem) {
  const alert = document.getElementById('preparing-alert');
  alert.textContent = problem.message;
  alert.hidden = false;
  document.getElementById('preparing-bar').hidden = true;
}
