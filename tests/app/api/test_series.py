"""Series and histograms as documents: what the API's own models say, to the last number, written outside the loop."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from app.api import series as api
from app.store import history
from app.store.columns import Column
from app.store.database import Store
from dynascope import bins
from dynascope.messages import BIN, COUNT
from tests.app.sending import RUN, database, stored
from tests.loops import in_loop


class Runs:
    async def record(self, id: str) -> dict[str, str]:
        return {"id": id}


def got(store: Store, path: str, **params: Any) -> Any:
    """The document; that none of its parts was written in the loop is seen too."""
    app = FastAPI()
    app.include_router(api.router)
    app.state.runs, app.state.store = Runs(), store

    async def story() -> Any:
        loops, written = threading.current_thread(), api._parts

        def watched(pieces: Iterator[bytes]) -> Iterator[bytes]:
            for part in written(pieces):
                assert threading.current_thread() is not loops
                assert len(part) < 40 * api.NUMBERS
                yield part

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(api, "_parts", watched)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                return (await client.get(f"/runs/{RUN}/{path}", params=params)).text

    return json.loads(in_loop(story()))


@pytest.fixture
def values() -> np.ndarray:
    out = np.random.default_rng(0).normal(size=2 * api.NUMBERS + 3)
    out[[0, 5, api.NUMBERS]] = [np.nan, np.inf, -np.inf]
    return out


def test_every_point_of_a_series_is_told(tmp_path: Path, values: np.ndarray) -> None:
    with database(tmp_path) as store:
        with store._writing.begin() as connection:
            stored(connection, {"train/loss": values})
        told = got(store, "series", names="train/loss", points=0)
        few = got(store, "series", names="train/loss", points=0, **{"from": 3, "to": 6})
        none = got(store, "series", names="nothing", points=0)
    api.SeriesList.model_validate(told)
    finite = np.isfinite(values)
    shown = [float(v) if np.isfinite(v) else None for v in values]
    (only,) = told["series"]
    assert (only["name"], only["width"], only["step"]) == ("train/loss", 1, list(map(float, range(len(values)))))
    assert all(only[key] == shown for key in ("min", "max", "mean", "last"))
    assert only["nonfinite"] == (~finite).astype(int).tolist()
    assert few["series"][0]["last"] == shown[3:7]
    assert none == {"series": []}


def test_buckets_are_told_as_they_are_stored(tmp_path: Path, values: np.ndarray) -> None:
    with database(tmp_path) as store:
        with store._writing.begin() as connection:
            stored(connection, {"a": values, "b": values[:7]})
        told = got(store, "series", points=100)
        with store._reading.begin() as connection:
            held = history.read_series(connection, RUN, ["a", "b"], 100)
    api.SeriesList.model_validate(told)
    assert [(series["name"], series["width"]) for series in told["series"]] == [(name, width) for name, (width, _) in held.items()]
    for series, (_, buckets) in zip(told["series"], held.values(), strict=True):
        for key, column in buckets.columns().items():
            np.testing.assert_array_equal(np.array(series[key], dtype=float), np.where(np.isfinite(column), column, np.nan))


def test_every_column_of_a_histogram_is_told(tmp_path: Path) -> None:
    columns = [Column(float(i), float(i), 1, np.array([i % bins.SLOTS], BIN), np.array([i], COUNT)) for i in range(api.COLUMNS * 2 + 1)]
    with database(tmp_path) as store:
        with store._writing.begin() as connection:
            history._extend_track(connection, RUN, "activation", "hidden1", columns)
        told = got(store, "histograms", layer="hidden1")
        none = got(store, "histograms", layer="out")
    api.Histograms.model_validate(told)
    assert [(c["first"], c["bins"], c["counts"]) for c in told["columns"]] == [(i, [i % bins.SLOTS], [i]) for i in range(len(columns))]
    assert none == {"layer": "out", "kind": "activation", "bins_version": bins.VERSION, "columns": []}
