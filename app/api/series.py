"""The measurements of runs: series, and histograms over the fixed bins."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.deps import RunsDep, StoreDep
from app.store import history
from app.store.columns import Column
from app.store.pyramid import Buckets
from app.words.problems import Problem, documented
from dynascope import bins
from dynascope.sentence import say
from trainer.spec import FieldError

router = APIRouter(prefix="/runs/{id}", tags=["series"])

Step = Annotated[float | None, Query(ge=0, le=2**53)]
Cell = float | None
#: Numbers of a column, or columns of histograms, that are written at once; bytes that are sent at once.
NUMBERS, COLUMNS, PART = 1 << 14, 128, 1 << 16


class Series(BaseModel):
    """Columns over buckets of `width` steps; a value is null if it is not finite."""

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
    """Layers × quantities at one measured step; a value is null if it is not finite."""

    step: float | None = Field(description="The measured step that is nearest to the one asked for; null where nothing is measured yet.")
    layers: dict[str, dict[str, Cell]]


@router.get("/layers", responses=documented(401, 404, 422))
async def layers(id: str, runs: RunsDep, store: StoreDep, step: Step = None) -> LayerTable:
    """Every quantity of every layer at the measured step nearest to `step`; by default, the newest."""
    await runs.record(id)
    at, table = await store.read(history.read_layers, id, 2.0**53 if step is None else step)
    finite = {layer: {name: v if v - v == 0 else None for name, v in row.items()} for layer, row in table.items()}
    return LayerTable(step=at, layers=finite)


@router.get("/series", response_model=SeriesList, responses=documented(401, 404, 422))
async def series(
    id: str,
    runs: RunsDep,
    store: StoreDep,
    names: Annotated[str | None, Query(max_length=6000, description="Comma-separated; empty: all of them.")] = None,
    low: Annotated[Step, Query(alias="from")] = None,
    high: Annotated[Step, Query(alias="to")] = None,
    points: Annotated[int, Query(ge=0, le=10_000, description="Buckets at most; 0: every point of one series, streamed.")] = 1000,
) -> StreamingResponse:
    """Minimum, maximum, mean, last value and nonfinite count of each bucket; buckets are aligned to absolute steps."""
    await runs.record(id)
    wanted = names.split(",") if names else await store.read(history.series_names, id)
    window = (-np.inf if low is None else low, np.inf if high is None else high)
    if points == 0 and len(wanted) != 1:
        raise Problem.of_fields([FieldError(loc="names", msg=say("points=0 streams one series; name exactly one"), got=names)])
    if points == 0:
        whole = await store.read(history.read_points, id, wanted, *window)
        return _document(_series_list({name: (1, table) for name, table in whole.items()}))
    read = await store.read(history.read_series, id, wanted, points, *window)
    return _document(_series_list({name: (width, buckets.table) for name, (width, buckets) in read.items()}))


@router.get("/histograms", response_model=Histograms, responses=documented(401, 404, 422))
async def histograms(
    id: str,
    runs: RunsDep,
    store: StoreDep,
    layer: Annotated[str, Query(max_length=200)],
    kind: Annotated[str, Query(max_length=32)] = "activation",
    low: Annotated[Step, Query(alias="from")] = None,
    high: Annotated[Step, Query(alias="to")] = None,
) -> StreamingResponse:
    """Counts of one layer and kind over time."""
    await runs.record(id)
    window = (-np.inf if low is None else low, np.inf if high is None else high)
    columns = await store.read(history.read_histograms, id, kind, layer, *window)
    return _document(_histograms(layer, kind, columns))


def _document(pieces: Iterator[bytes]) -> StreamingResponse:
    """The document is written in a thread while it is sent: a million numbers would block the event loop."""
    return StreamingResponse(_parts(pieces), media_type="application/json")


def _parts(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Parts of at least PART bytes, except the last: each part costs one call to a thread."""
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PART:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _series_list(read: dict[str, tuple[int, np.ndarray]]) -> Iterator[bytes]:
    """A `SeriesList` of tables: buckets, or only steps and values, float64[2, n]."""
    yield b'{"series":['
    for i, (name, (width, table)) in enumerate(read.items()):
        yield (b"," if i else b"") + msgspec.json.encode({"name": name, "width": width})[:-1]
        for key in ("step", "min", "max", "mean", "last", "nonfinite"):
            yield f',"{key}":['.encode()
            for j in range(0, table.shape[1], NUMBERS):
                yield (b"," if j else b"") + _numbers(table[:, j : j + NUMBERS], key)
            yield b"]"
        yield b"}"
    yield b"]}"


def _numbers(table: np.ndarray, key: str) -> bytes:
    """A value that is not finite becomes null."""
    buckets = Buckets.of_points(*table) if len(table) == 2 else Buckets(table)
    column = buckets.columns()[key]
    return msgspec.json.encode((column.astype(int) if key == "nonfinite" else column).tolist())[1:-1]


def _histograms(layer: str, kind: str, columns: list[Column]) -> Iterator[bytes]:
    yield msgspec.json.encode({"layer": layer, "kind": kind, "bins_version": bins.VERSION})[:-1] + b',"columns":['
    for i in range(0, len(columns), COLUMNS):
        told = [
            {"first": c.first, "last": c.last, "measured": c.measured, "bins": c.bins.tolist(), "counts": c.counts.tolist()}
            for c in columns[i : i + COLUMNS]
        ]
        yield (b"," if i else b"") + msgspec.json.encode(told)[1:-1]
    yield b"]}"
