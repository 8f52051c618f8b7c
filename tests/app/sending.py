"""What a trainer would send, made by the trainer's own batch, and a database to put it into."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from app.store import history, records
from app.store.database import Store
from app.store.pyramid import WIDTHS, Buckets
from dynascope import bins
from dynascope.messages import Sent, encode
from dynascope.sinks.batch import Batch

RUN = "0123456789abcdef"


def record(run: str = RUN, status: str = "running", created: float = 1.0) -> dict[str, object]:
    fixed = {"name": run, "tags": [], "notes": "", "spec": {}, "version": "0", "execution": "single", "status": status}
    return fixed | {"id": run, "created": created, "layers": [], "latest": {}, "attempt": 1, "seq": 0, "folded": 0, "ingest_hash": run}


def frame_of(batch: Batch) -> list[Sent]:
    return batch.drain()


def append(connection: Connection, frame: list[Sent], run: str = RUN) -> bool:
    return history.append(connection, run, frame, encode(frame))


def losses(batch: Batch, steps: range, values: np.ndarray) -> list[Sent]:
    for step, value in zip(steps, values, strict=True):
        batch.scalars(step, {"train/loss": float(value)})
    return batch.drain()


def counted(batch: Batch, step: int, values: np.ndarray, layer: str = "hidden1") -> list[Sent]:
    batch.histograms(step, "activation", [layer], np.bincount(bins.slot(values).ravel(), minlength=bins.SLOTS)[None])
    return batch.drain()


def stored(connection: Connection, series: dict[str, np.ndarray], run: str = RUN) -> None:
    """Name → values at steps 0, 1, …, folded already."""
    points = {name: Buckets.of_points(np.arange(float(len(values))), values) for name, values in series.items()}
    keys = history._register(connection, run, points)
    for level in range(len(WIDTHS)):
        history._merge_level(connection, level, {keys[name]: held for name, held in points.items()})


@contextmanager
def database(folder: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{folder / 'test.db'}")
    store._migrate()
    with store._writing.begin() as connection:
        records.add(connection, record())
    yield store
    store._writer.shutdown()
    store._readers.shutdown()
    store._reading.dispose()
    store._writing.dispose()
