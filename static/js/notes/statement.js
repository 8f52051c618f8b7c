/** One statement of the notes: its reader says whether it is true, and then sees what is so. */

import { _ } from '../page/texts.js';

const KEY = 'dynascope.answers';

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
    /** @type {any} the button that was chosen */
    this.chosen = this.#buttons.find((button) => button.dataset.answer === remembered()[root.id]) ?? null;
    for (const button of this.#buttons) button.addEventListener('click', () => this.#choose(button));
    this.$('.take-back').addEventListener('click', () => this.#choose(null));
    this.#say();
  }

  /** @returns {any} */
  $(selector) {
    return this.root.querySelector(selector);
  }

  /** @returns {any[]} */
  get #buttons() {
    return [...this.root.querySelectorAll('.guess button')];
  }

  /** @param {boolean} revealed whether it is shown though nothing was said */
  reveal(revealed) {
    this.revealed = revealed;
    this.#say();
  }

  /** The focus goes on to what comes in place of the pressed button. */
  #choose(button) {
    this.chosen = button;
    remember(this.root.id, button?.dataset.answer ?? null);
    this.#say();
    (this.$('.behind').hidden ? this.#buttons[0] : this.$('.status')).focus();
  }

  #say() {
    const { chosen } = this;
    this.$('.behind').hidden = !chosen && !this.revealed;
    this.$('.guess').hidden = Boolean(chosen) || this.revealed;
    this.$('.take-back').hidden = !chosen;
    const said = chosen && chosen.dataset.answer !== 'look';
    this.$('.said').textContent = said ? _('You said: {answer}', { answer: chosen.textContent }) : '';
  }
}
