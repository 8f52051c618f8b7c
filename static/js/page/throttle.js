/** One task, done at most so often and never twice at once; what is asked for meanwhile is done once more afterwards. */

export class Throttle {
  /** @param {() => Promise<unknown> | unknown} task @param {number} pause ms between a beginning and the next one */
  constructor(task, pause) {
    this.task = task;
    this.pause = pause;
    this.begun = -Infinity;
    this.timer = 0;
    this.going = false;
    this.again = false;
    this.asleep = false;
    document.addEventListener('visibilitychange', () => !document.hidden && this.asleep && this.soon());
  }

  /** @param {number} [pause] */
  soon(pause = this.pause) {
    this.asleep = document.hidden; // a page that nobody sees asks for nothing
    if (this.asleep) return;
    if (this.going) {
      this.again = true;
      return;
    }
    if (this.timer && pause) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#do(), Math.max(0, this.begun + pause - performance.now()));
  }

  async #do() {
    this.timer = 0;
    this.begun = performance.now();
    this.going = true;
    try {
      await this.task();
    } finally {
      this.going = false;
    }
    if (this.again) {
      this.again = false;
      this.soon();
    }
  }
}
