/** Who draws when: charts are marked dirty, one animation loop draws the visible ones, one a frame, within a budget. */

import { plotly } from './plotly.js';

const SHORTEST = 100; // at most ten redraws a second of a figure
const SHARE = 0.5; // of the time may go to drawing

/** @typedef {{id: string, element: HTMLElement, draw: () => unknown, after?: () => void}} Drawn */
/** @typedef {Drawn & {dirty: boolean, visible: boolean, last: number, cost: number}} Chart `last`: ms; `cost`: ms a redraw */

export class Drawer {
  constructor() {
    /** @type {Map<string, Chart>} */
    this.charts = new Map();
    this.frame = 0;
    this.ready = false;
    /** What comes out of it after a frame's layout and paint. */
    this.painted = new MessageChannel();
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#seen(target, isIntersecting);
    });
    document.addEventListener('visibilitychange', () => this.#wake());
    plotly.then(() => {
      this.ready = true;
      this.#wake();
    });
  }

  /** @param {Drawn} chart */
  add(chart) {
    this.charts.set(chart.id, { ...chart, dirty: true, visible: false, last: 0, cost: 10 });
    this.observer.observe(chart.element);
  }

  /** @param {...string} ids of charts whose data changed; none: all of them */
  mark(...ids) {
    for (const id of ids.length ? ids : this.charts.keys()) {
      const chart = this.charts.get(id);
      if (chart) chart.dirty = true;
    }
    this.#wake();
  }

  /** @param {Element} target @param {boolean} visible */
  #seen(target, visible) {
    for (const chart of this.charts.values()) {
      if (chart.element === target) {
        chart.visible = visible;
        if (visible) chart.dirty = true;
      }
    }
    this.#wake();
  }

  #wake() {
    if (this.ready && !this.frame && !document.hidden) this.frame = requestAnimationFrame((now) => this.#tick(now));
  }

  /** @param {number} now */
  #tick(now) {
    this.frame = 0;
    if (document.hidden) return;
    const waiting = [...this.charts.values()].filter((c) => c.dirty && c.visible).sort((a, b) => a.last - b.last);
    const interval = this.#interval();
    const due = waiting.find((c) => now - c.last >= interval);
    if (waiting.length > (due ? 1 : 0)) this.#wake();
    if (due) this.#draw(due, now); // last: where one throws, the others go on
  }

  /** Long enough that all visible figures, drawn once each, leave the page half of the time. */
  #interval() {
    let cost = 0;
    for (const chart of this.charts.values()) if (chart.visible) cost += chart.cost;
    return Math.max(SHORTEST, cost / SHARE);
  }

  /** @param {Chart} chart @param {number} now */
  #draw(chart, now) {
    chart.dirty = false;
    chart.last = now;
    const begun = performance.now();
    // Layout and paint are a third of it where no GPU helps; the message is answered when they are done.
    this.painted.port1.onmessage = () => (chart.cost = 0.8 * chart.cost + 0.2 * (performance.now() - begun));
    this.painted.port2.postMessage(null);
    chart.draw();
    chart.after?.();
  }
}
