"""The figures of a replay, made by Plotly's Python package, each as the dict that Plotly.js draws; arrays as little-endian bytes."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.exports.drawing import DASHES, TONES
from app.store.columns import Column
from app.store.matrices import Stored
from app.store.pyramid import MAX, MIN, NONFINITE, START, Buckets
from dynascope import bins

Told = dict[str, Any]
Gettext = Callable[[str], str]

#: The smoothing of the mean over training's buckets, the same as on the page and in TensorBoard.
WEIGHT = 0.9
#: The share of a column's counts allowed in the rows folded next to zero; the power of the colour scale.
NEAR_ZERO, POWER = 0.03, 1.5
CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
CLASSES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#7f7f7f", "#8c564b", "#332288")
FLAG, BAD, RULE, INK, MUTED = "#5f4b00", "#b3261e", "#e3e3df", "#1b1d1f", "#5c6167"
#: If the values of a quantity differ by more than this factor and all are positive, the axis is logarithmic.
WIDE = 20
#: Flags that show their words, the newest; every flag has a line.
LABELLED = 6


def curves(read: dict[str, tuple[int, Buckets]], quantity: str, _: Gettext, last: float) -> Told | None:
    """Loss or accuracy: training thin and smoothed, validation dashed, test a marker, wrong labels learnt dotted.

    The minimum and maximum of every bucket are drawn.
    """
    drawn = go.Figure()
    looks = ((f"train/{quantity}", _("training"), TONES[0]), (f"val/{quantity}", _("validation"), TONES[1]))
    for name, word, tone in looks:
        if name not in read:
            continue
        width, buckets = read[name]
        x, y = extremes(buckets, width)
        thin = name.startswith("train")
        line = {"color": tone, "width": 1 if thin else 2, "dash": "solid" if thin else "dash"}
        drawn.add_scatter(
            x=x, y=y, mode="lines", line=line, opacity=0.4 if thin else 1, name=word, showlegend=not thin, meta={"series": name}
        )
        if thin:
            x, y = smooth(buckets)
            drawn.add_scatter(x=x, y=y, mode="lines", line={"color": tone, "width": 2}, name=word, meta={"series": f"{name}/smoothed"})
    if f"test/{quantity}" in read:
        x, y = extremes(read[f"test/{quantity}"][1], 1)
        mark = {"symbol": "diamond", "size": 10, "color": TONES[2]}
        drawn.add_scatter(x=x, y=y, mode="markers", marker=mark, name=_("test"), meta={"series": f"test/{quantity}"})
    if quantity == "accuracy" and "labels/wrong_learnt" in read:
        width, buckets = read["labels/wrong_learnt"]
        x, y = extremes(buckets, width)
        dotted = {"color": TONES[3], "width": 1.5, "dash": "dot"}
        drawn.add_scatter(x=x, y=y, mode="lines", line=dotted, name=_("wrong labels learnt"), meta={"series": "labels/wrong_learnt"})
    if not drawn.data:
        return None
    yaxis = {"title": {"loss": _("loss"), "accuracy": _("accuracy")}[quantity], "rangemode": "tozero"}
    return _finished(drawn, _steps(last, _), yaxis)


def lines(quantity: str, by_layer: dict[str, tuple[int, Buckets]], last: float, _: Gettext) -> Told:
    """One quantity of every layer over the steps."""
    drawn = go.Figure()
    for i, (layer, (width, buckets)) in enumerate(by_layer.items()):
        x, y = extremes(buckets, width)
        line = {"color": TONES[i % len(TONES)], "width": 1.5, "dash": DASHES[(i // len(TONES)) % len(DASHES)]}
        meta = {"series": f"layer/{layer}/{quantity}"}
        drawn.add_scatter(x=x, y=y.astype(np.float32), mode="lines", line=line, name=plain(layer), meta=meta)
    values = np.concatenate([buckets.table[[MIN, MAX]].ravel() for _, buckets in by_layer.values()])
    finite = values[np.isfinite(values)]
    wide = len(finite) and finite.min() > 0 and finite.max() > WIDE * finite.min()
    return _finished(drawn, _steps(last, _), {"title": quantity, "type": "log" if wide else "linear"})


def extremes(buckets: Buckets, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of a line that shows the minimum and maximum of each bucket; a gap if any value of the bucket was not finite."""
    t = buckets.table
    x = np.stack([t[START], t[START] + width / 3, t[START] + 2 * width / 3], axis=1)
    y = np.stack([t[MIN], t[MAX], np.full(len(buckets), np.nan)], axis=1)
    kept = np.stack([np.ones(len(buckets), bool), t[MIN] < t[MAX], (t[NONFINITE] > 0) & np.isfinite(t[MIN])], axis=1)
    return x[kept], y[kept]


def smooth(buckets: Buckets) -> tuple[np.ndarray, np.ndarray]:
    """The debiased exponential mean of the buckets' means; a value that is not finite is a gap."""
    steps, means = buckets.table[START], buckets.columns()["mean"]
    out, mean, mass = np.full(len(means), np.nan), 0.0, 0.0
    for i, value in enumerate(means.tolist()):
        if np.isfinite(value):
            mean, mass = WEIGHT * mean + (1 - WEIGHT) * value, WEIGHT * mass + (1 - WEIGHT)
            out[i] = mean / mass
    return steps, out


def heatmap(layer: str, columns: Sequence[Column], last: float, _: Gettext) -> Told | None:
    """Shares of a column's values over the fixed bins; the many nearly empty bins next to zero are merged into one row per side."""
    dense = np.zeros((bins.SLOTS, len(columns)))
    for i, column in enumerate(columns):
        dense[column.bins, i] = column.counts / max(1, column.counts.sum())
    line = dense[: 2 * bins.SIDE + 1]
    if not line.any():
        return None
    counted = np.flatnonzero(line.any(axis=1))
    rows = _rows(line, int(counted[0]), int(counted[-1]))
    z = np.stack([line[a : b + 1].sum(axis=0) for a, b in rows])
    low, high = bins.edges()
    live = [row for (a, b), row in zip(rows, z, strict=True) if not a <= bins.ZERO <= b]
    top = max([1e-6, *(float(row.max()) for row in live)])
    scale = [[0, "#ffffff"], [1e-9, CIVIDIS[0]]] + [[max(2e-9, (i / (len(CIVIDIS) - 1)) ** POWER), tone] for i, tone in enumerate(CIVIDIS)]
    starts = [column.first for column in columns]
    x = np.array([*starts, max(columns[-1].last + 1, starts[-1] + (starts[-1] - starts[-2] if len(starts) > 1 else 1))])
    meta = {"layer": layer, "low": [_finite(low[a]) for a, b in rows], "high": [_finite(high[b]) for a, b in rows]}
    heat = go.Heatmap(
        x=x,
        y=np.arange(len(rows)),
        z=z.astype(np.float32),
        zmin=0,
        zmax=top,
        colorscale=scale,
        showscale=False,
        hoverinfo="skip",
        meta=meta,
    )
    places, texts = _ticks(rows, low, high)
    yaxis = {"title": _("activation"), "tickmode": "array", "tickvals": places, "ticktext": texts, "showgrid": False}
    return _finished(go.Figure(heat), _steps(last, _), yaxis | {"range": [-0.5, len(rows) - 0.5]})


def _rows(line: np.ndarray, first: int, last: int) -> list[tuple[int, int]]:
    side = bins.ZERO
    near = np.zeros((side + 1, line.shape[1]))
    for distance in range(1, side + 1):
        near[distance] = line[side - distance] + line[side + distance]
    small = np.cumsum(near, axis=0) <= NEAR_ZERO * near.sum(axis=0)
    fold = max(1, int(np.argmin(small.all(axis=1))) - 1 if not small.all() else side)
    fold = min(fold, max(1, side - first, last - side))
    rows = [(slot, slot) for slot in range(first, side - fold)]
    rows += [(side - fold, side - 1)] if first < side else []
    rows += [(side, side)]
    rows += [(side + 1, side + fold)] if last > side else []
    return rows + [(slot, slot) for slot in range(side + fold + 1, last + 1)]


def _ticks(rows: list[tuple[int, int]], low: np.ndarray, high: np.ndarray) -> tuple[list[float], list[str]]:
    """Ticks at zero and at powers of ten, not too close to each other."""
    places: list[float] = []
    texts: list[str] = []
    for i, (a, b) in enumerate(rows):
        inner, outer = (low[a], high[b]) if a > bins.ZERO else (high[b], low[a])
        if a == bins.ZERO:
            place, text = float(i), "0"
        elif a != b or inner == 0:
            continue
        else:
            power = 10.0 ** np.floor(np.log10(abs(outer)) if np.isfinite(outer) else np.log10(abs(inner)))
            if not abs(inner) <= power < abs(outer):
                continue
            place, text = (i - 0.5 if inner > 0 else i + 0.5), f"{'−' if inner < 0 else ''}{power:g}"
        if not places or place - places[-1] > len(rows) / 16:
            places.append(place)
            texts.append(text)
    return places, texts


def fitted(frames: list[Stored], points: Stored | None, _: Gettext) -> Told | None:
    """The fitted function at each of some steps: `figure` shows the first, `frames` replace its first trace."""
    if not frames:
        return None
    meta = frames[0].meta
    if meta["kind"] == "weights":
        return _pictures(frames)
    axes, classes = meta["axes"], meta["classes"]
    drawn = go.Figure()
    if meta["kind"] == "curve":
        x = np.linspace(axes[0][0], axes[0][1], frames[0].values.shape[2])
        drawn.add_scatter(x=x, y=frames[0].values[0, 0], mode="lines", line={"color": TONES[0], "width": 2.5}, name=_("fitted"))
        held = [{"y": frame.values[0, 0]} for frame in frames]
    else:
        shown = [_plane(frame.values, classes) for frame in frames]
        x, y = (np.linspace(axes[i][0], axes[i][1], frames[0].values.shape[2 - i]) for i in (0, 1))
        tones = CLASSES[: max(2, classes or 2)]
        steps = [[(i + d) / len(tones), tone] for i, tone in enumerate(tones) for d in (0, 1)]
        scale: Any = "Cividis" if not classes else [[0, CLASSES[0]], [0.5, "#ffffff"], [1, CLASSES[1]]] if classes == 2 else steps
        bounds = {} if not classes else {"zmin": 0, "zmax": 1} if classes == 2 else {"zmin": -0.5, "zmax": classes - 0.5}
        opacity = 0.6 if classes == 2 else 0.45
        drawn.add_heatmap(x=x, y=y, z=shown[0], colorscale=scale, showscale=False, hoverinfo="skip", opacity=opacity, **bounds)
        held = [{"z": z} for z in shown]
    if points is not None:
        _add_points(drawn, points, meta["kind"] == "curve", _)
    xaxis, yaxis = ({"title": "x₁"}, {"title": "x₂", "range": axes[1]}) if len(axes) > 1 else ({"title": "x"}, {"title": "y"})
    return _over_steps(meta["kind"], _finished(drawn, xaxis | {"range": axes[0]}, yaxis), frames, held)


def _over_steps(kind: str, figure: Told, frames: list[Stored], held: list[dict[str, np.ndarray]]) -> Told:
    read = [json.loads(go.Figure(_bare(f)).to_json())["data"][0] for f in held]
    return {"kind": kind, "figure": figure, "steps": [frame.step for frame in frames], "frames": read}


def _pictures(frames: list[Stored]) -> Told:
    """The first layer's units as tiles, scaled at each step by the largest weight: blue negative, white zero, orange positive."""
    units, inputs = frames[0].values.shape
    image = frames[0].meta["image"]
    height, width = image or (1, inputs)
    across, gap = (int(np.ceil(np.sqrt(2 * units))), 1) if image else (1, 0)
    down = -(-units // across)

    def tiled(weights: np.ndarray) -> np.ndarray:
        tiles = np.full((down * across, height + gap, width + gap), np.nan, np.float32)
        finite = np.abs(weights[np.isfinite(weights)])
        tiles[:units, :height, :width] = weights.reshape(units, height, width) / max(1e-12, float(finite.max(initial=0)))
        return tiles.reshape(down, across, height + gap, width + gap).swapaxes(1, 2).reshape(down * (height + gap), across * (width + gap))

    held = [tiled(frame.values) for frame in frames]
    scale = [[0, CLASSES[0]], [0.5, "#ffffff"], [1, CLASSES[1]]]
    heat = go.Heatmap(z=held[0], zmin=-1, zmax=1, colorscale=scale, showscale=False, hoverinfo="skip", hoverongaps=False)
    hidden = {"visible": False}
    figure = _finished(go.Figure(heat), hidden, hidden | {"range": [len(held[0]) - 0.5, -0.5]})
    return _over_steps("weights", figure, frames, [{"z": z} for z in held])


def _bare(held: dict[str, np.ndarray]) -> Any:
    return go.Heatmap(**held) if "z" in held else go.Scatter(**held)


def _plane(values: np.ndarray, classes: int | None) -> np.ndarray:
    """The values to draw for float32[outputs, rows, columns]: a value, a probability, or the predicted class."""
    return values.argmax(axis=0).astype(np.uint8) if classes and classes > 2 else values[0]


def _add_points(drawn: Any, points: Stored, regression: bool, _: Gettext) -> None:
    names = points.meta["columns"]
    column = {name: points.values[:, i] for i, name in enumerate(names)}
    kinds = np.zeros(len(points.values)) if regression else column["y"]
    for kind in np.unique(kinds):
        for split, word in ((1, _("validation")), (0, _("training"))):
            here = (kinds == kind) & (column["split"] == split)
            tone = MUTED if regression else CLASSES[int(kind) % len(CLASSES)]
            mark: Told = {
                "color": tone,
                "size": 4 if split else 7,
                "symbol": "circle-open" if split else "circle",
                "opacity": 0.4 if split else 1,
            }
            mark["line"] = {"color": tone if split else "#ffffff", "width": 1}
            y = column["y"] if regression else column["x1"]
            drawn.add_scatter(x=column["x0"][here], y=y[here], mode="markers", marker=mark, name=word, showlegend=False)


def _finished(drawn: Any, xaxis: Told, yaxis: Told) -> Told:
    common = {"gridcolor": RULE, "linecolor": RULE, "zeroline": False, "color": MUTED, "exponentformat": "power", "fixedrange": True}
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}}
    drawn.update_layout(template="none", margin={"l": 64, "r": 12, "t": 36, "b": 44}, legend=legend, font={"size": 12, "color": INK})
    drawn.update_layout(xaxis=common | {"showgrid": False} | _titled(xaxis), yaxis=common | _titled(yaxis), showlegend=len(drawn.data) > 1)
    out: Told = json.loads(drawn.to_json())
    return out


def _steps(last: float, _: Gettext) -> Told:
    return {"title": _("step"), "range": [0, last]}


def _titled(axis: Told) -> Told:
    return axis | {"title": {"text": axis["title"], "font": {"size": 12}, "standoff": 6}} if "title" in axis else axis


def marks(flags: list[Told], last: float) -> Told:
    """The events, as shapes and annotations of every figure over steps; the newest show their words."""
    line: Told = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    shapes = [
        line | {"x0": flag["step"], "x1": flag["step"], "line": {"color": BAD if flag["bad"] else FLAG, "width": 1, "dash": "dot"}}
        for flag in flags
    ]
    word: Told = {"xref": "x", "yref": "paper", "yanchor": "top", "showarrow": False, "bgcolor": "rgba(255,255,255,0.8)"}
    annotations = [
        word
        | {"x": flag["step"], "y": 0.98 - 0.1 * (i % 3), "xanchor": "right" if flag["step"] > 0.7 * last else "left"}
        | {"text": f"⚑ {plain(flag['text'][:60])}", "font": {"size": 11, "color": FLAG}}
        for i, flag in enumerate(flags[-LABELLED:])
    ]
    return {"shapes": shapes, "annotations": annotations}


def plain(text: str) -> str:
    """The text without tags: Plotly interprets a few tags in texts."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
