/** Finds and makes elements. Text goes in as text, never as markup. */

/**
 * What was found, which must be there and of a kind: a page without it is broken.
 * @template {Element} T @param {Element | null} found @param {string} name @param {new () => T} [kind] @returns {T}
 */
function sure(found, name, kind = /** @type {new () => T} */ (/** @type {unknown} */ (HTMLElement))) {
  if (found instanceof kind) return found;
  throw new TypeError(found ? `${name} is no ${kind.name}` : `this page has no ${name}`);
}

/** @template {Element} [T=HTMLElement] @param {string} id @param {new () => T} [kind] */
export const $ = (id, kind) => sure(document.getElementById(id), `#${id}`, kind);

/** The first that a selector finds. @template {Element} [T=HTMLElement] @param {ParentNode} root @param {string} selector @param {new () => T} [kind] */
export const one = (root, selector, kind) => sure(root.querySelector(selector), selector, kind);

/** The first that a selector finds, where there is one. @param {ParentNode} root @param {string} selector */
export function maybe(root, selector) {
  const found = root.querySelector(selector);
  return found instanceof HTMLElement ? found : null;
}

/** All that a selector finds. @template {Element} [T=HTMLElement] @param {ParentNode} root @param {string} selector @param {new () => T} [kind] */
export const all = (root, selector, kind) => Array.from(root.querySelectorAll(selector), (found) => sure(found, selector, kind));

/** From where an event came outwards, the nearest that a selector finds. @param {Event} event @param {string} selector */
export function around({ target }, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found && sure(found, selector, HTMLElement);
}

/** How far an arrow key moves along a row of choices; 0: it is none. @param {KeyboardEvent} event */
export const moveOf = ({ key }) => (key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0);

/** What the control holds that an event came from. @param {Event} event */
export const typed = ({ target }) => (target instanceof HTMLSelectElement || target instanceof HTMLInputElement ? target.value : '');

/**
 * The properties of elements that the pages set; `data`: data attributes; `attributes`: what is no property, such as `role`.
 * @typedef {{data?: Record<string, string>, attributes?: Record<string, string>, className?: string, id?: string, hidden?: boolean, textContent?: string,
 *   title?: string, type?: string, value?: string, checked?: boolean, placeholder?: string, href?: string, rel?: string, scope?: string, label?: string,
 *   htmlFor?: string, dateTime?: string, max?: number, width?: number, height?: number, onclick?: () => unknown, oninput?: () => unknown,
 *   onchange?: (event: Event) => unknown}} Properties
 */

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {Properties} [properties] @param {...(Node | string)} children */
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

/** Choices of a select, keeping the chosen one. @param {HTMLSelectElement} select @param {string[][]} options value and text @param {string} [chosen] */
export function fill(select, options, chosen = select.value) {
  const said = JSON.stringify(options);
  if (select.dataset.options !== said) {
    select.dataset.options = said;
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  }
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

/** Fill an element anew where what it says has changed, so that what has the focus keeps it. @param {HTMLElement} element @param {unknown} says @param {() => Node[]} makes */
export function renew(element, says, makes) {
  const key = JSON.stringify(says);
  if (element.dataset.says === key) return;
  element.dataset.says = key;
  element.replaceChildren(...makes());
}



/**
 * Ask before what can't be undone. @param {{title: string, about: string, yes: string}} what
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, about, yes }) {
  const sheet = $('ask', HTMLDialogElement);
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
  const said = troubles.get(id) ?? new Map();
  troubles.set(id, said);
  if (text) said.set(of, text);
  else said.delete(of);
  const words = [...new Set(said.values())].join(' · ');
  if ($(id).textContent !== words) $(id).textContent = words;
  $(id).hidden = !words;
}
