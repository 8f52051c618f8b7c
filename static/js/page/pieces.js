/** What the server made once for all visitors of a language: the texts, the catalogue, the Lab's form, the statements. */

/** Where a piece is. @param {string} name */
export const addressOf = (name) => /** @type {HTMLLinkElement} */ (document.querySelector(`link[data-piece="${name}"]`)).href;

/** @param {string} name @returns {Promise<Response>} */
async function ask(name) {
  const answer = await fetch(addressOf(name));
  if (!answer.ok) throw new Error(`${addressOf(name)}: ${answer.status}`);
  return answer;
}

/** A piece of data. @param {string} name @returns {Promise<any>} */
export const data = async (name) => (await ask(name)).json();

/** Put a piece of the page where it belongs. @param {string} name @param {HTMLElement} element */
export async function place(name, element) {
  element.innerHTML = await (await ask(name)).text();
  // The browser looked for the part that the address names before it was there.
  if (location.hash.length > 1) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
