/** Live changes on their way to the run that they were made of: at most five a second, one at a time, the last value always sent. */

/** @import { Changes } from '../data/wire.d.ts' */

const SPACING = 200;

export class Steering {
  /** @param {(run: string, changes: Changes) => Promise<unknown>} send @param {(problem: unknown) => void} refused */
  constructor(send, refused) {
    this.send = send;
    this.refused = refused;
    /** @type {Map<string, Changes>} */
    this.waiting = new Map();
    this.busy = false;
    this.timer = 0;
    this.sent = 0;
  }

  /** @param {string} run @param {string} path @param {unknown} value */
  set(run, path, value) {
    this.waiting.set(run, { ...this.waiting.get(run), [path]: value });
    this.#soon();
  }

  forget() {
    this.waiting.clear();
  }

  #soon() {
    if (this.busy || this.timer || !this.waiting.size) return;
    this.timer = setTimeout(() => this.#flush(), Math.max(0, this.sent + SPACING - performance.now()));
  }

  async #flush() {
    this.timer = 0;
    const [next] = this.waiting;
    if (!next) return;
    this.waiting.delete(next[0]);
    this.busy = true;
    this.sent = performance.now();
    try {
      await this.send(...next);
    } catch (problem) {
      this.refused(problem);
    }
    this.busy = false;
    this.#soon();
  }
}
