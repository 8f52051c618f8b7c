/** Live changes on their way to the trainer: at most five a second, one at a time, the last value always sent. */

const SPACING = 200;

export class Steering {
  /** @param {(changes: Record<string, unknown>) => Promise<unknown>} send @param {(problem: any) => void} refused */
  constructor(send, refused) {
    this.send = send;
    this.refused = refused;
    this.waiting = {};
    this.busy = false;
    this.timer = 0;
    this.sent = 0;
  }

  /** @param {string} path @param {unknown} value */
  set(path, value) {
    this.waiting[path] = value;
    this.#soon();
  }

  forget() {
    this.waiting = {};
  }

  #soon() {
    if (this.busy || this.timer || !Object.keys(this.waiting).length) return;
    this.timer = setTimeout(() => this.#flush(), Math.max(0, this.sent + SPACING - performance.now()));
  }

  async #flush() {
    this.timer = 0;
    const changes = this.waiting;
    if (!Object.keys(changes).length) return;
    this.waiting = {};
    this.busy = true;
    this.sent = performance.now();
    try {
      await this.send(changes);
    } catch (problem) {
      this.refused(problem);
    }
    this.busy = false;
    this.#soon();
  }
}
