"""One HTML file that replays a run without a server or internet: the measurements, thinned to a fixed size, and Plotly.js.

Its size is bounded for every run: `CURVE` buckets per curve with the minimum and maximum of each, `CELLS` values of layers ×
quantities, `COLUMNS` histograms per layer with added counts, `LAYERS` layers, `GRIDS` values of the fitted function or first weights.
"""

import asyncio
import json
import platform
from typing import Any

import numpy as np

from app.exports.report import PLOTLY, script_hash, versions
from app.pages import pages
from app.pages.fields import Form
from app.runs.active import changes_of
from app.settings import ROOT
from app.store import history
from app.store.columns import Column
from app.store.database import Store
from app.store.matrices import Stored
from app.store.pyramid import LAST, START, Buckets, width_for
from app.words.i18n import words
from app.words.wording import spoken
from dynascope import __version__

Told = dict[str, Any]

CURVE, CELLS, COLUMNS, LAYERS, GRIDS = 600, 300_000, 120, 48, 250_000
#: Series that are read at once, with all their points; only thinned series are kept.
CHUNK = 32
#: The most flags, the newest.
FLAGS = 200
_SCRIPT = ROOT / "static" / "js" / "replay" / "replay.js"
_CURVES = [f"{split}/{quantity}" for quantity in ("loss", "accuracy") for split in ("train", "val", "test")] + ["labels/wrong_learnt"]


async def written(store: Store, record: Told, catalogue: Told | None, language: str) -> str:
    held = await _gathered(store, record["id"])
    return await asyncio.to_thread(_write, record, held, catalogue, language)


async def _gathered(store: Store, id: str) -> Told:
    names = await store.read(history.series_names, id)
    layered = [name for name in names if name.startswith("layer/")]
    read = await store.read(history.read_series, id, _CURVES, CURVE)
    table, lines = await _layers(store, id, layered)
    tracks = [layer for kind, layer in await store.read(history.track_names, id) if kind == "activation"][:LAYERS]
    return {
        "curves": read,
        "table": table,
        "lines": lines,
        "columns": {layer: thinned(await store.read(history.read_histograms, id, "activation", layer)) for layer in tracks},
        "function": await _frames(store, id),
        "points": await store.read(history.read_matrix, id, "points"),
        "events": await store.read(history.read_events, id),
    }


async def _layers(store: Store, id: str, names: list[str]) -> tuple[Told, dict[str, dict[str, tuple[int, Buckets]]]]:
    """`(layers × quantities at some measured steps, quantity → layer → thinned series)`."""
    layers = list(dict.fromkeys(name.split("/", 2)[1] for name in names))[:LAYERS]
    names = [name for name in names if name.split("/", 2)[1] in layers]
    quantities = list(dict.fromkeys(name.split("/", 2)[2] for name in names))
    most = int(np.clip(CELLS // max(1, len(names)), 12, 240))
    steps = await store.read(history.measured_steps, id, names) if names else np.empty(0)
    steps = steps[np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))] if len(steps) else steps
    values = np.full((len(steps), len(layers), len(quantities)), np.nan, np.float32)
    lines: dict[str, dict[str, tuple[int, Buckets]]] = {quantity: {} for quantity in quantities}
    for i in range(0, len(names), CHUNK):
        for name, (_, points) in (await store.read(history.read_series, id, names[i : i + CHUNK], 0)).items():
            layer, quantity = name.split("/", 2)[1:]
            at = points.table[START]
            if not len(at):
                continue
            place = np.searchsorted(at, steps, side="right") - 1  # the value of the last measurement, as in GET /layers
            known = place >= 0
            with np.errstate(over="ignore"):
                values[known, layers.index(layer), quantities.index(quantity)] = points.table[LAST][place[known]]
            width = 1 if len(at) <= most else width_for(at[0], at[-1], most)
            lines[quantity][layer] = (width, points if width == 1 else points.coarsen(width))
    shown = [[[_number(v) for v in row] for row in table] for table in values.tolist()]
    return {"layers": layers, "quantities": quantities, "steps": steps.tolist(), "values": shown}, lines


def thinned(columns: list[Column]) -> list[Column]:
    """At most COLUMNS columns; neighbours are added."""
    together = -(-len(columns) // COLUMNS)
    out: list[Column] = []
    for i, column in enumerate(columns):
        if i % together:
            out[-1] = out[-1].add(column)
        else:
            out.append(column)
    return out


async def _frames(store: Store, id: str) -> list[Stored]:
    """The fitted function, or else the first layer's weights, at some of the stored steps, always including the first and the newest."""
    held = await store.read(history.matrix_steps, id)
    name = "function" if "function" in held else "weights"
    steps = held.get(name, [])
    if not steps:
        return []
    newest = await store.read(history.read_matrix, id, name, steps[-1])
    if newest is None:
        return []
    drawn = newest.values.size if name == "weights" else newest.values.shape[1] * newest.values.shape[2]
    most = max(1, min(len(steps), GRIDS // max(1, drawn)))
    chosen = sorted({steps[i] for i in np.linspace(0, len(steps) - 1, most).round().astype(int)} | {steps[-1]})
    read = [await store.read(history.read_matrix, id, name, step) for step in chosen]
    return [frame for frame in read if frame is not None]


def flags_of(events: list[Told], catalogue: Told | None, language: str) -> list[Told]:
    """The events, as flags like those of the page."""
    _ = words(language).gettext
    form = Form(catalogue, catalogue["defaults"], words(language)) if catalogue else None
    rules = {rule["name"]: rule["label"][language] for rule in (catalogue or {}).get("diagnoses", ())}
    simple = {"forked": _("forked here"), "resumed": _("resumed here"), "diverged": _("diverged"), "restored": _("best state restored")}
    flags = []
    for event in events:
        data, kind = event["data"], event["kind"]
        text = simple.get(kind, "")
        if kind == "control":
            text = ", ".join(
                f"{form.label_of(path) if form else path} {value}" for path, value in changes_of(event).items() if path != "pace"
            )
        elif kind == "early_stop":
            text = _("early stopping would end here") if data.get("obeyed") is False else _("Early stopping")
        elif kind == "probe_failed":
            text = _("measurement {probe} failed, left out").format(probe=data.get("probe", ""))
        elif kind == "diagnosis" and data.get("on") and "since" not in data:
            text = rules.get(data.get("rule", ""), str(data.get("rule", "")))
        if text:
            flags.append({"step": event["step"], "text": text, "bad": kind == "diverged"})
    return flags[-FLAGS:]


def _write(record: Told, held: Told, catalogue: Told | None, language: str) -> str:
    from app.exports import replay_figures as draw  # Plotly's package takes about 30 MB: it is imported only for a replay

    _ = words(language).gettext
    flags, status = flags_of(held["events"], catalogue, language), record["status"]
    ends = [float(buckets.table[START].max()) + 1 for _, buckets in held["curves"].values() if len(buckets)]
    last = max([1.0, float(record["step"] or 0), *ends])
    heatmaps = {layer: draw.heatmap(layer, columns, last, _) for layer, columns in held["columns"].items() if columns}
    figures = {
        "loss": draw.curves(held["curves"], "loss", _, last),
        "accuracy": draw.curves(held["curves"], "accuracy", _, last),
        "activations": {layer: made for layer, made in heatmaps.items() if made},
        "lines": {quantity: draw.lines(quantity, by, last, _) for quantity, by in held["lines"].items()},
        "function": draw.fitted(held["function"], held["points"], _),
        "table": held["table"],
        "marks": draw.marks(flags, last),
        "flags": flags,
        "last": last,
    }
    plotly, script = PLOTLY.read_text(encoding="utf-8"), _SCRIPT.read_text(encoding="utf-8")
    context = {
        "language": language,
        "record": record,
        "status": _(status),
        "reason": spoken(record["end_reason"] or "", language),
        "figures": figures,
        "data": json.dumps(figures, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),  # no text in it can end its element
        "spec": json.dumps(record["spec"], indent=2, ensure_ascii=False),
        "plotly": plotly,
        "script": script,
        "hashes": " ".join(script_hash(text) for text in (plotly, script)),
        "versions": {"Dynascope": record["version"], "Python": platform.python_version()} | versions(),
        "writer": __version__,
        "bound": CURVE,
    }
    return pages.environment(language).get_template("replay.html").render(context)


def _number(value: float) -> float | str | None:
    """Shown with four digits. None means not measured; a value that is not finite is given as its word, because JSON has none."""
    if value != value:
        return None
    return float(f"{value:.4g}") if abs(value) != float("inf") else ("∞" if value > 0 else "−∞")
