/** What a view was told last: of several questions the newest one counts, whichever is answered last. */

import { sayTrouble } from '../page/elements.js';

export class Answer {
  /** @param {string} trouble id of the element that says why there is none */
  constructor(trouble) {
    this.trouble = trouble;
    this.asked = 0;
    /** @type {any} */
    this.told = null;
  }

  /** Whether it is the newest question's. Rejects with a 404 alone. @param {() => Promise<any>} question */
  async ask(question) {
    const asked = ++this.asked;
    let [told, why] = [null, null];
    try {
      told = await question();
    } catch (problem) {
      if (asked === this.asked && problem.status === 404) throw problem;
      why = problem.message;
    }
    if (asked !== this.asked) return false;
    this.told = told;
    sayTrouble(why, this.trouble);
    return true;
  }
}
