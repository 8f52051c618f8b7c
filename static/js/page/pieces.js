/** What the server made once for all visitors of a language: the texts, the catalogue, the Lab's form, the statements. */

/** @param {string} name @returns {Promise<Response>} */
async function ask(name) {
  const link = /** @type {HTMLLinkElement} */ (document.querySelector(`link[data-piece="${name}"]`));
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(`${link.href}: ${answer.status}`);
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
