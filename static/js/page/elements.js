/** Small makers of elements. Text goes in as text, never as markup. */

/**
 * @param {string} tag @param {Record<string, any>} [properties] `data`: data attributes; `aria` and `role`: attributes
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, properties = {}, ...children) {
  const { data = {}, attributes = {}, ...plain } = properties;
  const element = Object.assign(document.createElement(tag), plain);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A table's line; the first cell is the line's heading. @param {(Node | string)[]} cells @param {boolean} [head] */
export function line(cells, head = false) {
  return make('tr', {}, ...cells.map((cell, i) => {
    if (head || i === 0) return make('th', { scope: head ? 'col' : 'row' }, cell);
    return make('td', {}, cell);
  }));
}

/** Choices of a select, keeping the chosen one. @param {any} select @param {[string, string][]} options @param {string} [chosen] */
export function fill(select, options, chosen = select.value) {
  const said = JSON.stringify(options);
  if (select.dataset.options !== said) {
    select.dataset.options = said;
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  }
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

/** Fill an element anew where what it says has changed, so that what has the focus keeps it. @param {any} element @param {unknown} says @param {() => Node[]} makes */
export function renew(element, says, makes) {
  const key = JSON.stringify(says);
  if (element.dataset.says === key) return;
  element.dataset.says = key;
  element.replaceChildren(...makes());
}

const $ = (id) => document.getElementById(id);

/**
 * Ask before what can't be undone. @param {{title: string, about: string, yes: string}} what
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, about, yes }) {
  const sheet = $('ask');
  $('ask-title').textContent = title;
  $('ask-about').textContent = about;
  $('ask-yes').textContent = yes;
  $('ask-yes').onclick = () => sheet.close('yes');
  $('ask-no').onclick = () => sheet.close('');
  sheet.returnValue = '';
  sheet.showModal();
  $('ask-no').focus();
  return new Promise((resolve) => sheet.addEventListener('close', () => resolve(sheet.returnValue === 'yes'), { once: true }));
}

/** The live socket's state, in the bar. @param {'waiting' | 'live' | 'disconnected'} state @param {Record<string, string>} words */
export function sayConnection(state, words) {
  $('connection').dataset.state = state;
  $('connection-word').textContent = words[state];
  document.body.dataset.connection = state;
}

/** @type {Map<string, Map<string, string>>} by element, by what went wrong there */
const troubles = new Map();

/**
 * What went wrong, beside what else did: of a deed it stays until the next deed, of asking until there is an answer.
 * @param {string | null} text null: it is over @param {string} [id] where it is said @param {string} [of] what went wrong
 */
export function sayTrouble(text, id = 'trouble', of = 'deed') {
  if (!troubles.has(id)) troubles.set(id, new Map());
  const said = troubles.get(id);
  if (text) said.set(of, text);
  else said.delete(of);
  const words = [...new Set(said.values())].join(' · ');
  if ($(id).textContent !== words) $(id).textContent = words;
  $(id).hidden = !words;
}
