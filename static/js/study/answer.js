/** What a view was told last: of several questions the newest one counts, whichever is answered last. */

import { asProblem } from '../data/api.js';
import { sayTrouble } from '../page/elements.js';

/** @template T what is told */
export class Answer {
  /** @param {string} trouble id of the element that says why there is none */
  constructor(trouble) {
    this.trouble = trouble;
    this.asked = 0;
    /** @type {T | null} */
    this.told = null;
  }

  /** Whether it is the newest question's. Rejects with a 404 alone. @param {() => Promise<T>} question */
  async ask(question) {
    const asked = ++this.asked;
    /** @type {T | null} */
    let told = null;
    let why = null;
    try {
      told = await question();
    } catch (caught) {
      const problem = asProblem(caught);
      if (asked === this.asked && problem.status === 404) throw problem;
      why = problem.message;
    }
    if (asked !== this.asked) return false;
    this.told = told;
    sayTrouble(why, this.trouble);
    return true;
  }
}
