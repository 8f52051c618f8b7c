/** The libraries that pages load as classic scripts: the few functions of them that are used. */

/** A trace, a layout, an axis: what of them the code reads is typed, the rest is Plotly's to check. */
interface PlotlyTrace {
  type: 'scatter' | 'heatmap' | 'contour' | 'bar';
  x?: readonly unknown[];
  y?: readonly unknown[];
  /** Whose and which it is, for whoever reads the figure. */
  meta?: object;
  [attribute: string]: unknown;
}

interface PlotlyAxis {
  title?: string | { text: string; [attribute: string]: unknown };
  range?: readonly number[];
  visible?: boolean;
  [attribute: string]: unknown;
}

interface PlotlyLayout {
  xaxis?: PlotlyAxis;
  yaxis?: PlotlyAxis;
  yaxis2?: PlotlyAxis;
  yaxis3?: PlotlyAxis;
  shapes?: object[];
  annotations?: object[];
  [attribute: string]: unknown;
}

/** An axis as it is drawn: pixels from the plot's edge, and between pixels and values. */
interface PlotlyDrawnAxis {
  _offset: number;
  _length: number;
  l2p(value: number): number;
  p2l(pixels: number): number;
}

interface PlotlyEvents {
  plotly_relayout: Record<string, number>;
  plotly_doubleclick: undefined;
  plotly_click: { points: { pointNumber: number; customdata?: number[] }[] };
}

/** An element that Plotly draws into; what is optional is there once it has drawn. */
interface PlotlyElement extends HTMLElement {
  on?<E extends keyof PlotlyEvents>(event: E, heard: (told: PlotlyEvents[E]) => unknown): void;
  _fullLayout?: { xaxis?: PlotlyDrawnAxis; yaxis?: PlotlyDrawnAxis; _size: { t: number; h: number } };
}

declare const Plotly: {
  react(element: HTMLElement, data: PlotlyTrace[], layout: PlotlyLayout, config: object): Promise<PlotlyElement>;
  Plots: { resize(element: HTMLElement): Promise<void> };
};

declare function SwaggerUIBundle(options: {
  url: string;
  dom_id: string;
  deepLinking: boolean;
  validatorUrl: null;
  docExpansion: 'list' | 'full' | 'none';
  defaultModelsExpandDepth: number;
}): void;
