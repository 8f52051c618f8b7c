/* The replay of one run, in a file that needs nothing else: figures as Plotly's Python package drew them, one cursor over the steps. */

(() => {
  /** @typedef {{data: PlotlyTrace[], layout: PlotlyLayout}} Figure */
  /**
   * What the file holds; `table`: values by step, layer and quantity, in words where they aren't finite; `marks`: flags over the steps.
   * @typedef {{last: number, loss?: Figure, accuracy?: Figure, activations: Record<string, Figure>, lines: Record<string, Figure>, marks?: object,
   *   function: {steps: number[], figure: Figure, frames: object[]} | null,
   *   table: {layers: string[], quantities: string[], steps: number[], values: (number | string | null)[][][]}}} Replay
   */

  /**
   * @template {Element} [T=HTMLElement] @param {string} id @param {new () => T} [kind] @returns {T}
   */
  function $(id, kind = /** @type {new () => T} */ (/** @type {unknown} */ (HTMLElement))) {
    const found = document.getElementById(id);
    if (found instanceof kind) return found;
    throw new TypeError(`this file has no ${id}`);
  }

  /** @type {Replay} */
  const held = JSON.parse($('replay').textContent ?? '');
  const slider = $('slider', HTMLInputElement);
  const SECONDS = 20; // that the whole run takes when it is played
  const CONFIG = { displaylogo: false, showSendToCloud: false, responsive: true, doubleClick: false, modeBarButtons: [['toImage']] };
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  let step = held.last;
  let playing = 0;
  let shownFrame = -1;
  let shownRow = -1;

  /** Draw a figure over the steps, with the flags that all of them bear. @param {string} id @param {Figure} figure */
  function draw(id, figure) {
    const shown = { ...figure.layout, ...(held.marks ?? {}), autosize: true };
    return Plotly.react($(id), figure.data, shown, CONFIG).then(() => place($(id)));
  }

  /** @type {Map<PlotlyElement, HTMLElement>} */
  const lines = new Map();

  /** The cursor's line of one figure. @param {PlotlyElement} plot */
  function place(plot) {
    const { xaxis, _size } = plot._fullLayout ?? {};
    if (!xaxis || !_size) return;
    const line = lines.get(plot) ?? Object.assign(document.createElement('div'), { className: 'cursor-line' });
    if (!lines.has(plot)) plot.parentElement?.append(line);
    lines.set(plot, line);
    const at = xaxis.l2p(step);
    line.hidden = !(at >= 0 && at <= xaxis._length + 1);
    line.style.transform = `translateX(${plot.offsetLeft + xaxis._offset + at}px)`;
    line.style.top = `${plot.offsetTop + _size.t}px`;
    line.style.height = `${_size.h}px`;
  }

  /** The index of the step nearest to one. @param {number[]} steps @param {number} wanted */
  const nearest = (steps, wanted) => {
    let best = 0;
    steps.forEach((at, i) => {
      if (Math.abs(at - wanted) < Math.abs(steps[best] - wanted)) best = i;
    });
    return best;
  };

  function showTable() {
    const { layers, quantities, steps, values } = held.table;
    if (!steps.length) return;
    const i = nearest(steps, step);
    if (i === shownRow) return;
    shownRow = i;
    $('table-step').textContent = String(steps[i]);
    const rows = layers.map((layer, l) => {
      const row = document.createElement('tr');
      const head = Object.assign(document.createElement('th'), { textContent: layer, scope: 'row' });
      row.append(head, ...quantities.map((_q, q) => Object.assign(document.createElement('td'), { textContent: said(values[i][l][q]) })));
      return row;
    });
    $('table', HTMLTableElement).tBodies[0].replaceChildren(...rows);
  }

  /** @param {number | string | null} value */
  function said(value) {
    if (value === null) return '';
    if (typeof value === 'string') return value;
    const size = Math.abs(value);
    return (size !== 0 && (size >= 1e5 || size < 1e-3) ? value.toExponential(2) : String(Number(value.toPrecision(4)))).replace('-', '−');
  }

  function showFunction() {
    if (!held.function) return;
    const i = nearest(held.function.steps, step);
    $('function-step').textContent = String(held.function.steps[i]);
    if (i === shownFrame) return;
    shownFrame = i;
    const { figure, frames } = held.function;
    const [first, ...others] = figure.data;
    Plotly.react($('figure-function'), [{ ...first, ...frames[i] }, ...others], figure.layout, CONFIG);
  }

  /** Everything at a step. @param {number} wanted */
  function show(wanted) {
    step = Math.min(held.last, Math.max(0, wanted));
    slider.value = String(Math.round(step));
    $('step').textContent = Math.round(step).toLocaleString(document.documentElement.lang);
    for (const plot of document.querySelectorAll('.over-steps')) if (plot instanceof HTMLElement) place(plot);
    showTable();
    showFunction();
  }

  /** @param {boolean} on */
  function setPlaying(on) {
    const button = $('play');
    cancelAnimationFrame(playing);
    playing = 0;
    button.textContent = (on ? button.dataset.pause : button.dataset.play) ?? '';
    button.setAttribute('aria-pressed', String(on));
    if (!on) return;
    if (step >= held.last) show(0);
    let before = performance.now();
    const tick = (/** @type {number} */ now) => {
      // Who wants no motion sees a picture a second.
      if (!still || now - before > 1000) {
        show(step + (held.last * (now - before)) / 1000 / SECONDS);
        before = now;
      }
      if (step >= held.last) setPlaying(false);
      else playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
  }

  if (held.loss) draw('figure-loss', held.loss);
  if (held.accuracy) draw('figure-accuracy', held.accuracy);

  /** Figures of which one is shown, as a select says. @param {string} control @param {Record<string, Figure>} group @param {string} id */
  function offer(control, group, id) {
    const names = Object.keys(group);
    if (!names.length) return;
    const select = $(control, HTMLSelectElement);
    for (const name of names) select.append(Object.assign(document.createElement('option'), { value: name, textContent: name }));
    select.addEventListener('change', () => draw(id, group[select.value]));
    if (names.includes('activation/std')) select.value = 'activation/std';
    draw(id, group[select.value]);
  }

  offer('layer', held.activations, 'figure-activations');
  offer('quantity', held.lines, 'figure-lines');
  const head = document.querySelector('#table thead tr');
  head?.append(...held.table.quantities.map((name) => Object.assign(document.createElement('th'), { textContent: name, scope: 'col' })));
  slider.max = String(Math.round(held.last));
  slider.addEventListener('input', () => {
    setPlaying(false);
    show(Number(slider.value));
  });
  $('play').addEventListener('click', () => setPlaying(!playing));
  addEventListener('resize', () => requestAnimationFrame(() => show(step)));
  setPlaying(false);
  show(step);
})();
