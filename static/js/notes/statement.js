/** One statement of the notes: its reader says whether it is true, and then sees what is so. */

import { keyOf } from '../page/place.js';
import { all, one } from '../page/elements.js';
import { _ } from '../page/texts.js';

const KEY = keyOf('dynascope.answers');

/** What was said, by statement, as this browser remembers it. @returns {Record<string, string>} */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {};
  } catch {
    return {}; // no storage, or not ours: nothing is remembered
  }
}

/** @param {string} id @param {string | null} answer */
function remember(id, answer) {
  const { [id]: _before, ...rest } = remembered();
  try {
    localStorage.setItem(KEY, JSON.stringify(answer ? { ...rest, [id]: answer } : rest));
  } catch {
    // it holds for as long as the page is open
  }
}

export class Statement {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.revealed = false;
    /** @type {HTMLElement | null} the button that was chosen */
    this.chosen = this.#buttons.find((button) => button.dataset.answer === remembered()[root.id]) ?? null;
    for (const button of this.#buttons) button.addEventListener('click', () => this.#choose(button));
    one(root, '.take-back').addEventListener('click', () => this.#choose(null));
    this.#say();
  }

  get #buttons() {
    return all(this.root, '.guess button');
  }

  /** @param {boolean} revealed whether it is shown though nothing was said */
  reveal(revealed) {
    this.revealed = revealed;
    this.#say();
  }

  /** The focus goes on to what comes in place of the pressed button. @param {HTMLElement | null} button */
  #choose(button) {
    this.chosen = button;
    remember(this.root.id, button?.dataset.answer ?? null);
    this.#say();
    (one(this.root, '.behind').hidden ? this.#buttons[0] : one(this.root, '.status')).focus();
  }

  #say() {
    const { chosen, root } = this;
    one(root, '.behind').hidden = !chosen && !this.revealed;
    one(root, '.guess').hidden = Boolean(chosen) || this.revealed;
    one(root, '.take-back').hidden = !chosen;
    const said = chosen && chosen.dataset.answer !== 'look';
    one(root, '.said').textContent = said ? _('You said: {answer}', { answer: chosen.textContent ?? '' }) : '';
  }
}
