/** One step cursor through all figures: the pointer or the arrow keys move it, read-outs follow. */

export class Cursor {
  /** @param {() => void} moved */
  constructor(moved) {
    this.moved = moved;
    /** @type {number | null} */
    this.step = null;
    /** @type {Map<PlotlyElement, {line: HTMLElement, over: () => boolean}>} */
    this.lines = new Map();
  }

  /** @param {PlotlyElement} plot @param {() => boolean} over whether it is drawn over steps now */
  add(plot, over) {
    const line = document.createElement('div');
    line.className = 'cursor-line';
    plot.parentElement?.append(line);
    this.lines.set(plot, { line, over });
    plot.addEventListener('pointermove', (event) => over() && this.#point(plot, event));
    plot.addEventListener('pointerleave', (event) => over() && event.pointerType !== 'touch' && this.set(null)); // a finger that was lifted leaves it there
  }

  /** @param {PlotlyElement} plot @param {PointerEvent} event */
  #point(plot, event) {
    const axis = plot._fullLayout?.xaxis;
    if (!axis || (event.buttons && event.pointerType !== 'touch')) return;
    const inside = event.clientX - plot.getBoundingClientRect().left - axis._offset;
    if (inside < 0 || inside > axis._length) return;
    this.set(Math.max(0, Math.round(axis.p2l(inside))));
  }

  /** @param {number | null} step */
  set(step) {
    if (step === this.step) return;
    this.step = step;
    for (const plot of this.lines.keys()) this.place(plot);
    this.moved();
  }

  /** Put a figure's line where the cursor is; after each redraw too, because axes grow. @param {PlotlyElement} plot */
  place(plot) {
    const held = this.lines.get(plot);
    const { xaxis, yaxis, _size } = plot._fullLayout ?? {};
    if (!held) return;
    const { line, over } = held;
    const at = this.step === null || !xaxis ? NaN : xaxis.l2p(this.step);
    line.hidden = !(over() && xaxis && yaxis && at >= 0 && at <= xaxis._length);
    if (line.hidden || !xaxis || !_size) return;
    line.style.transform = `translateX(${plot.offsetLeft + xaxis._offset + at}px)`;
    line.style.top = `${plot.offsetTop + _size.t}px`;
    line.style.height = `${_size.h}px`;
  }
}
