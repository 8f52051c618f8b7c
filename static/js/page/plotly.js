/** Plotly.js is large and comes beside the page's own scripts: a page is there before it, and who draws waits for it. */

/** @type {HTMLScriptElement | null} */
const script = document.querySelector('script[data-plotly]');

/** Kept as soon as figures can be drawn; at once on a page that has none. @type {Promise<void>} */
export const plotly = new Promise((kept) => {
  if (!script || 'Plotly' in globalThis) kept();
  else script.addEventListener('load', () => kept());
});
