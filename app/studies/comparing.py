"""Results over a study's finished runs: bias and variance of its cells, and paths along λ.

A cell is computed again only after another of its runs has finished or has been resumed: repeated requests cost little, and
simultaneous requests share one answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

from app.store import history, studies
from app.store.database import Store
from app.store.matrices import Stored
from app.studies import decomposition, paths
from app.studies.decomposition import ABOUT, Kind, Targets
from app.words.problems import Problem
from dynascope.sentence import say
from trainer.spec import FieldError

T = TypeVar("T")
#: Bytes of cached results, as JSON (about four times that in memory); runs of a cell that are decomposed.
HELD, MOST = 16 << 20, 300
#: The size of a result besides its numbers.
HELD_EACH = 500
#: The most values of all runs of a cell at once; with more outputs, fewer examples are used.
VALUES = 2e7
#: Points of a fitted curve, curves per cell, and test examples that are drawn with them.
CURVE, CURVES, POINTS = 101, 30, 300
STRENGTHS = ("penalty.l1", "penalty.l2")
Matrices = dict[str, dict[str, Stored]]
#: A run and the number of its attempt.
Attempt = tuple[str, int]


@dataclass
class _Held:
    """Results of these attempts, finished or in progress."""

    of: tuple[Attempt, ...]
    made: asyncio.Task[Any]
    bytes: int = 0


class Comparisons:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._bytes = 0

    async def decomposition(self, study: dict[str, Any], kind: Kind | None, axis: str | None, curves: bool) -> dict[str, Any]:
        """Raises Problem 404 for an axis that does not exist, 409 if nothing can be decomposed, 422 for a kind that does not fit."""
        path = _axis_of(study, axis, tuple(study["axes"]))
        _check_shared(study)
        cells, finished = await self._finished(study)
        outputs = {index: await self._outputs(study["id"], index, runs) for index, runs in finished.items()}
        possible = tuple(dict.fromkeys(one for held in outputs.values() if held for one in decomposition.kinds(held)))
        if kind and possible and kind not in possible:
            what = " and ".join(sorted({one for one in outputs.values() if one}))
            raise Problem.of_fields(
                [FieldError(loc="kind", msg=say("these runs have {what}: {list}", what=what, list=" or ".join(possible)), got=kind)]
            )
        chosen = kind or next(iter(possible), None)
        names = ("predictions", "truth", "function") if curves else ("predictions", "truth")
        by, drawn = [], []
        for cell in cells:
            if chosen is None:
                break
            runs, held = list(finished.get(cell["index"], {}).values()), outputs.get(cell["index"])
            if held and chosen not in decomposition.kinds(held):  # an axis over the data set or the loss: each cell has its own kind
                told: dict[str, Any] = {"terms": {"n": len(runs), "reason": f"these runs have {held}"}, "curves": None}
            else:
                key = (study["id"], cell["index"], chosen, curves)
                told = await self._once(key, runs, names, partial(_decomposed, kind=chosen, curves=curves))
            shown = {"cell": cell["index"], "values": cell["values"], "capacity": cell["values"].get(path)}
            by.append(shown | told["terms"])
            drawn.append({"cell": cell["index"], "drawn": told["curves"]})
        return {
            "kind": chosen,
            "kinds": [{"kind": one, **ABOUT[one]} for one in possible],
            "axis": {"path": path, "values": study["axes"][path]} if path else None,
            "resample": study["base"]["data"]["resample"],
            "by": by,
            "curves": _together(drawn),
        }

    async def path(self, study: dict[str, Any], axis: str | None, metric: Literal["loss", "error"], line: int) -> dict[str, Any]:
        """Raises Problem 404, 409 if no axis is a λ, 422 for a line that does not exist."""
        strengths = tuple(path for path in study["axes"] if path in STRENGTHS)
        if not strengths:
            raise Problem(
                409,
                say("a path runs along λ, and this study has no axis over it; make one with an axis {list}", list=" or ".join(STRENGTHS)),
            )
        path = _axis_of(study, axis, strengths)
        assert path is not None
        cells, finished = await self._finished(study)
        lines: dict[str, dict[str, Any]] = {}
        for cell in cells:
            others = {key: value for key, value in cell["values"].items() if key != path}
            lines.setdefault(repr(others), {"values": others, "cells": []})["cells"].append(cell)
        if line >= len(lines):
            raise Problem.of_fields(
                [FieldError(loc="line", msg=say("there are {count} lines, 0 to {last}", count=len(lines), last=len(lines) - 1), got=line)]
            )
        chosen = list(lines.values())[line] if lines else {"values": {}, "cells": []}
        runs = {float(cell["values"][path]): finished.get(cell["index"], {}) for cell in chosen["cells"]}
        alike = study["base"]["data"]["split_seed"] is not None and not {"data", "data.split_seed"} & study["axes"].keys()
        latest = {run["run"]: run["latest"] for run in await self._store.read(studies.runs_of, study["id"])}
        of = [run for one in runs.values() for run in one.values()]
        by_seed = {strength: {seed: run for seed, (run, _) in one.items()} for strength, one in runs.items()}
        work = partial(_path, runs=by_seed, latest=latest, metric=metric, alike=alike)
        told = await self._once((study["id"], path, metric, line), of, ("kept_weights",), work)
        cell_of = {float(cell["values"][path]): cell["index"] for cell in chosen["cells"]}
        return {
            "axis": {"path": path, "values": study["axes"][path]},
            "lines": [one["values"] for one in lines.values()],
            "metric": metric,
            **told,
            "by": [{"cell": cell_of[point["lambda"]], **point} for point in told["by"]],
        }

    async def _finished(self, study: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[int, dict[int, Attempt]]]:
        """The valid cells, and cell → seed → finished run with its attempt."""
        cells = [cell for cell in await self._store.read(studies.cells_of, study["id"]) if not cell["refused"]]
        found: dict[int, dict[int, Attempt]] = {}
        for run in await self._store.read(studies.runs_of, study["id"]):
            if run["status"] == "finished" and len(found.setdefault(run["cell"], {})) < MOST:
                found[run["cell"]][run["seed"]] = (run["run"], run["attempt"])
        return cells, found

    async def _outputs(self, study: str, cell: int, runs: dict[int, Attempt]) -> str | None:
        """The kind of a cell's predictions (values, probabilities or scores), from its spec; None if the runs do not send them."""
        first = list(runs.values())[:1]
        return await self._once((study, cell, "outputs"), first, ("predictions",), _outputs)

    async def _once(self, key: Hashable, of: Sequence[Attempt], names: tuple[str, ...], work: Callable[[Matrices], T]) -> T:
        """The result of `work` on the runs' matrices of these names, computed in a thread, or the cached or shared result."""
        held = self._held.get(key)
        if held is None or held.of != tuple(of):
            self._drop(key)
            held = self._held[key] = _Held(tuple(of), asyncio.create_task(self._make(key, of, names, work)))
        self._held.move_to_end(key)
        return await asyncio.shield(held.made)  # one waiting request may be cancelled without the others

    async def _make(self, key: Hashable, of: Sequence[Attempt], names: tuple[str, ...], work: Callable[[Matrices], T]) -> T:
        this = asyncio.current_task()
        try:
            read = await self._store.read(history.read_ends, [run for run, _ in of], names)
            found, size = await asyncio.to_thread(lambda: _weighed(work(read)))
        except BaseException:
            if (held := self._held.get(key)) and held.made is this:
                self._drop(key)
            raise
        if (held := self._held.get(key)) and held.made is this:
            held.bytes = size
            self._bytes += size
            while self._bytes > HELD and len(self._held) > 1:
                self._drop(next(iter(self._held)))
        return found

    def _drop(self, key: Hashable) -> None:
        held = self._held.pop(key, None)
        self._bytes -= held.bytes if held else 0


def _weighed(found: T) -> tuple[T, int]:
    return found, HELD_EACH + len(msgspec.json.encode(found, enc_hook=float))


def _axis_of(study: dict[str, Any], asked: str | None, possible: tuple[str, ...]) -> str | None:
    if asked is None:
        return possible[0] if possible else None
    if asked not in possible:
        axes = ", ".join(possible)
        raise Problem(404, say("there is no such axis to go along; there are: {axes}", axes=axes))
    return asked


def _check_shared(study: dict[str, Any]) -> None:
    if study["base"]["data"]["split_seed"] is None and not {"data", "data.split_seed"} & study["axes"].keys():
        msg = say(
            "runs of different seeds have test sets of their own here, which can't be compared example by example: set"
            " data.split_seed in the base, and data.resample to bootstrap, subsample or fresh"
        )
        raise Problem(409, msg, [FieldError(loc="base.data.split_seed", msg=msg, got=None)])


def _outputs(read: Matrices) -> str | None:
    return next((str(one["predictions"].meta["kind"]) for one in read.values() if "predictions" in one), None)


def _decomposed(read: Matrices, kind: Kind, curves: bool) -> dict[str, Any]:
    """The terms of one cell, and its curves."""
    whole = [one for one in read.values() if {"predictions", "truth"} <= one.keys()]
    if not whole:
        return {"terms": {"n": 0}, "curves": None}
    truth = whole[0]["truth"]
    y = truth.values[:, 0].astype(np.float64)
    # In runs of an older version, a value of a standardised data set differs in its last bits from run to run.
    near = 1e-4 * float(y.std())
    same = [
        one for one in whole if one["truth"].values.shape == truth.values.shape and np.allclose(one["truth"].values[:, 0], y, 1e-4, near)
    ]
    shape = same[0]["predictions"].values.shape
    most = max(1, int(VALUES / (len(same) * shape[1])))
    p = np.stack([one["predictions"].values[:most] for one in same])
    f = None if truth.meta["noise"] is None else truth.values[:most, 1].astype(np.float64)
    found = decomposition.decompose(kind, p, Targets(truth.values[:most, 0].astype(np.float64), f, truth.meta["noise"]))
    terms: dict[str, Any] = {"n": len(same), "examples": p.shape[1]}
    if found:
        terms |= asdict(found.terms) | {"low": found.low, "high": found.high}
    return {"terms": terms, "curves": _curves(same, truth) if curves else None}


def _curves(runs: list[dict[str, Stored]], truth: Stored) -> dict[str, Any] | None:
    """The fitted functions of a cell's runs, on one grid. None if inputs have more than one dimension."""
    fitted = [one["function"] for one in runs if "function" in one and one["function"].meta["kind"] == "curve"]
    if not fitted or truth.values.shape[1] < 3:
        return None
    known = truth.meta["curve"]
    low, high = known["span"] if known else fitted[0].meta["axes"][0]
    x = _grid((low, high), CURVE)
    # A run's own inputs may cover less: its fitted function beyond them is not known.
    grids = [_grid(one.meta["axes"][0], one.values.shape[-1]) for one in fitted]
    lines = np.array([np.interp(x, grid, one.values[0].ravel(), np.nan, np.nan) for grid, one in zip(grids, fitted, strict=True)])
    there = np.isfinite(lines).sum(axis=0)
    mean = np.where(2 * there >= len(lines), np.nansum(lines, axis=0) / np.maximum(there, 1), np.nan)
    true = np.interp(x, _grid((low, high), len(known["f"])), known["f"]) if known else None
    return {
        "x": _short(x),
        "truth": None if true is None else _short(true),
        "points": {"x": _short(truth.values[:POINTS, 2]), "y": _short(truth.values[:POINTS, 0])},
        "mean": _short(mean),
        "runs": [_short(line) for line in lines[:CURVES]],
    }


def _grid(span: Sequence[float], count: int) -> np.ndarray:
    return np.linspace(span[0], span[1], count)


def _together(cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The cells' curves with their common data: the grid, the noiseless function and the test examples of the first."""
    drawn = [cell for cell in cells if cell["drawn"]]
    if not drawn:
        return None
    first = drawn[0]["drawn"]
    by = [{"cell": cell["cell"], **{name: cell["drawn"][name] for name in ("x", "mean", "runs")}} for cell in drawn]
    return {**{name: first[name] for name in ("x", "truth", "points")}, "by": by}


def _short(values: np.ndarray) -> list[float | None]:
    """Four significant digits: enough for a drawing."""
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in values.tolist()]


def _path(read: Matrices, runs: dict[float, dict[int, str]], latest: dict[str, Any], metric: str, alike: bool) -> dict[str, Any]:
    kept: dict[float, dict[int, paths.Kept]] = {}
    for strength, of in runs.items():
        told = {seed: _kept(read[run], latest.get(run, {}), metric) for seed, run in of.items()}
        kept[strength] = {seed: one for seed, one in told.items() if one}
    alone = all(one["kept_weights"].meta["alone"] for one in read.values() if "kept_weights" in one)
    found = paths.path(kept, alike and alone)
    true = next((one["kept_weights"].meta["true"] for one in read.values() if "kept_weights" in one), None)
    validated = {point.strength: point.errors["val"].mean for point in found.points if "val" in point.errors}
    return {
        "by": [_point(point) for point in found.points],
        "best": None if found.best is None else {"lambda": found.best, "val": validated[found.best]},
        "ends": None if found.low is None or found.high is None else {"low": asdict(found.low), "high": asdict(found.high)},
        "true": true if alike else None,
        "weights_of": "median" if alike and alone else "first seed",
    }


def _kept(one: dict[str, Stored], latest: dict[str, Any], metric: str) -> paths.Kept | None:
    if "kept_weights" not in one:
        return None
    told, errors = one["kept_weights"], {}
    for name, of in (("train", "train_eval"), ("val", "val_eval"), ("test", "test")):
        value = latest.get(f"{of}/loss" if metric == "loss" else f"{of}/accuracy")
        if value is not None:
            errors[name] = float(value) if metric == "loss" else 1 - float(value)
    return paths.Kept(told.meta["norm"], told.meta["zeros"], told.meta["of"], errors, told.values)


def _point(point: paths.Point) -> dict[str, Any]:
    return {
        "lambda": point.strength,
        "n": point.n,
        "norm": point.norm,
        "zeros": point.zeros,
        "nonzeros": point.nonzeros,
        "weights": None if point.weights is None else [float(w) for w in point.weights],
        **{name: asdict(point.errors[name]) if name in point.errors else None for name in ("train", "val", "test")},
    }
