"""What runs measured: series, and histograms over the fixed bins."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.deps import RunsDep, StoreDep
from app.problems import Problem, documented
from app.store import history
from app.store.pyramid import Buckets
from dynascope import bins
from trainer.spec import FieldError

router = APIRouter(prefix="/runs/{id}", tags=["series"])

Step = Annotated[float | None, Query(ge=0, le=2**53)]
Cell = float | None


class Series(BaseModel):
    """Columns over buckets of `width` steps; a value is null where it isn't finite."""

    name: str
    width: int = Field(description="Steps a bucket; 1: every point.")
    step: list[float]
    min: list[Cell]
    max: list[Cell]
    mean: list[Cell]
    last: list[Cell]
    nonfinite: list[int] = Field(description="How many values of the bucket weren't finite.")


class SeriesList(BaseModel):
    series: list[Series]


class HistogramColumn(BaseModel):
    first: float = Field(description="The first measured step that this column counts.")
    last: float
    measured: int = Field(description="How many measured steps it adds up.")
    bins: list[int]
    counts: list[int]


class Histograms(BaseModel):
    """Sparse counts over the fixed bins; their edges are in the catalogue under `bins`."""

    layer: str
    kind: str
    bins_version: int
    columns: list[HistogramColumn]


class LayerTable(BaseModel):
    """Layers × quantities at one measured step; a value is null where it isn't finite."""

    step: float | None = Field(description="The measured step that is nearest to the one asked for; null where nothing is measured yet.")
    layers: dict[str, dict[str, Cell]]


@router.get("/layers", responses=documented(401, 404, 422))
async def layers(id: str, runs: RunsDep, store: StoreDep, step: Step = None) -> LayerTable:
    """Every quantity of every layer at the measured step nearest to `step`; without one, at the newest."""
    await runs.record(id)
    at, table = await store.read(history.read_layers, id, 2.0**53 if step is None else step)
    finite = {layer: {name: v if v - v == 0 else None for name, v in row.items()} for layer, row in table.items()}
    return LayerTable(step=at, layers=finite)


@router.get("/series", responses=documented(401, 404, 422))
async def series(
    id: str,
    runs: RunsDep,
    store: StoreDep,
    names: Annotated[str | None, Query(max_length=6000, description="Comma-separated; empty: all of them.")] = None,
    low: Annotated[Step, Query(alias="from")] = None,
    high: Annotated[Step, Query(alias="to")] = None,
    points: Annotated[int, Query(ge=0, le=10_000, description="Buckets at most; 0: every point of one series, streamed.")] = 1000,
) -> SeriesList:
    """Min, max, mean, last and nonfinite by bucket, buckets aligned to absolute steps."""
    await runs.record(id)
    wanted = names.split(",") if names else await store.read(history.series_names, id)
    window = (-np.inf if low is None else low, np.inf if high is None else high)
    if points == 0 and len(wanted) != 1:
        raise Problem.of_fields([FieldError(loc="names", msg="points=0 streams one series; name exactly one", got=names)])
    read = await store.read(history.read_series, id, wanted, points, *window)
    if points == 0:
        return StreamingResponse(_stream(read), media_type="application/json")  # type: ignore[return-value]
    return SeriesList(series=[Series(name=name, width=width, **_columns(buckets)) for name, (width, buckets) in read.items()])


@router.get("/histograms", responses=documented(401, 404, 422))
async def histograms(
    id: str,
    runs: RunsDep,
    store: StoreDep,
    layer: Annotated[str, Query(max_length=200)],
    kind: Annotated[str, Query(max_length=32)] = "activation",
    low: Annotated[Step, Query(alias="from")] = None,
    high: Annotated[Step, Query(alias="to")] = None,
) -> Histograms:
    """Counts of one layer and kind over time."""
    await runs.record(id)
    window = (-np.inf if low is None else low, np.inf if high is None else high)
    columns = await store.read(history.read_histograms, id, kind, layer, *window)
    listed = [
        HistogramColumn(first=c.first, last=c.last, measured=c.measured, bins=c.bins.tolist(), counts=c.counts.tolist()) for c in columns
    ]
    return Histograms(layer=layer, kind=kind, bins_version=bins.VERSION, columns=listed)


def _columns(buckets: Buckets) -> dict[str, list[Any]]:
    out = {key: [x if x - x == 0 else None for x in column.tolist()] for key, column in buckets.columns().items()}
    out["nonfinite"] = [int(x) for x in buckets.columns()["nonfinite"]]
    return out


async def _stream(read: dict[str, tuple[int, Buckets]]) -> AsyncIterator[str]:
    """The same document as without streaming, a column's slice at a time."""
    yield '{"series": ['
    for name, (width, buckets) in read.items():
        yield json.dumps({"name": name, "width": width})[:-1]
        for key, column in _columns(buckets).items():
            yield f', "{key}": ['
            for i in range(0, len(column), 4096):
                yield ("," if i else "") + ",".join(json.dumps(x) for x in column[i : i + 4096])
            yield "]"
        yield "}"
    yield "]}"
