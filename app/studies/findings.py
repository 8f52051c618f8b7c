"""The results of a study's runs so far: progress, final values, and bands over the seeds of each cell."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from app.store import studies, study_series
from app.store.database import Store
from app.store.records import ACTIVE
from app.studies import bands

#: Statuses of runs that ended by themselves. Stopped, failed or interrupted runs count in no statistic of final values.
COUNTED = ("finished", "diverged")
FAILED = ("failed", "interrupted")
Steps = np.ndarray


def progress(planned: int, seeds: int, runs: Mapping[str, int]) -> dict[str, int]:
    """`runs`: status → how many. Runs that have not begun have no row yet: they count as waiting, like queued ones."""
    total, held = planned * seeds, sum(runs.values())
    going = sum(runs.get(status, 0) for status in ACTIVE if status != "queued")
    waiting = max(0, total - held) + runs.get("queued", 0)
    return {
        "total": total,
        "waiting": waiting,
        "going": going,
        "ended": held - going - runs.get("queued", 0),
        "failed": sum(runs.get(status, 0) for status in FAILED),
    }


async def summaries(store: Store, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`rows` of `studies`, with their progress."""
    counts = await store.read(studies.counts, [row["id"] for row in rows])
    return [_summary(row, **counts[row["id"]]) for row in rows]


def _summary(row: dict[str, Any], cells: int, planned: int, runs: dict[str, int]) -> dict[str, Any]:
    told = {key: row[key] for key in ("id", "name", "notes", "status", "reason", "created", "ended", "seeds")}
    axes = [{"path": path, "values": values} for path, values in row["axes"].items()]
    return {**told, "axes": axes, "cells": cells, "runs": progress(planned, len(row["seeds"]), runs)}


async def whole(store: Store, row: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    """A study with its cells, their runs and final values; `names`: only these series, or all except those of layers."""
    cells, runs = await store.read(studies.cells_of, row["id"]), await store.read(studies.runs_of, row["id"])
    layers = [name for name in names or () if name.startswith("layer/")]
    if layers:
        newest = await store.read(study_series.last_values, row["id"], layers)
        runs = [run | {"latest": run["latest"] | newest.get(run["run"], {})} for run in runs]
    planned = sum(cell["refused"] is None for cell in cells)
    summary = _summary(row, len(cells), planned, Counter(run["status"] for run in runs))
    by_cell: dict[int, dict[int, dict[str, Any]]] = {}
    for run in runs:
        by_cell.setdefault(run["cell"], {})[run["seed"]] = run
    told = [_cell(cell, row["seeds"], by_cell.get(cell["index"], {}), names) for cell in cells]
    return summary | {"base": row["base"], "version": row["version"], "cells": told}


def _cell(cell: dict[str, Any], seeds: list[int], runs: dict[int, dict[str, Any]], names: list[str] | None) -> dict[str, Any]:
    if cell["refused"]:
        return cell | {"runs": [], "finals": {}}
    shown = [
        {"seed": s, "run": runs[s]["run"] if s in runs else None, "status": runs[s]["status"] if s in runs else "waiting"} for s in seeds
    ]
    return cell | {"runs": shown, "finals": finals([runs.get(seed) for seed in seeds], names)}


def finals(runs: list[dict[str, Any] | None], names: list[str] | None) -> dict[str, dict[str, Any]]:
    """Series → statistics of its newest value over runs; one run per seed, or None if there is none."""
    counted = [run["latest"] if run and run["status"] in COUNTED else {} for run in runs]
    found = sorted({name for latest in counted for name in latest if not name.startswith("layer/")})
    wanted = found if names is None else [name for name in names if any(name in latest for latest in counted)]
    return bands.of_table({name: [_number(latest.get(name)) for latest in counted] for name in wanted})


def _number(value: float | None) -> float | None:
    return None if value is None else bands.finite(value)


async def over_steps(store: Store, row: dict[str, Any], name: str, points: int) -> dict[str, Any]:
    """The bands of a series over the steps for each cell, running runs included."""
    runs = await store.read(studies.cells_of_runs, row["id"])
    width, series = await store.read(study_series.read, row["id"], name, points)
    by_cell: dict[int, list[tuple[Steps, Steps]]] = {}
    for run, cell in runs.items():
        if run in series:
            by_cell.setdefault(cell, []).append(series[run])
    cells = [{"index": cell, **_columns(held)} for cell, held in sorted(by_cell.items())]
    return {"name": name, "unit_width": width, "cells": cells}


def _columns(series: Iterable[tuple[Steps, Steps]]) -> dict[str, list[Any]]:
    held = list(series)
    steps = np.unique(np.concatenate([steps for steps, _ in held]))
    table = np.full((len(held), len(steps)), np.nan)
    for row, (at, values) in zip(table, held, strict=True):
        row[np.searchsorted(steps, at)] = values
    told = bands.summary(table)
    columns = {name: [bands.finite(value) for value in told[name]] for name in bands.COLUMNS}
    return {"step": steps.tolist(), "n": told["n"].tolist(), **columns}
