"""Collects a trainer's records and turns them into columnar messages: one `Scalars` for all series that share steps."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dynascope import bins
from dynascope.messages import BIN, CELL, COUNT, OFFSET, STEP, VALUE, Event, Histograms, LayerStats, Matrix, Scalars, Sent

#: Bytes of a columnar message other than columns and names: its keys, its numbers, the lengths of its arrays.
_ENVELOPE = 256
#: Steps whose histograms are processed at once: after a stall there may be thousands, of 100 KB each.
_STACKED = 64


class Batch:
    """The records since the last `drain`. Any thread may record; one thread drains.

    Messages get their `seq` when they are drained, so `seq` follows the order in which they are sent.
    """

    def __init__(self, run: str, attempt: int) -> None:
        self.run, self.attempt, self.seq = run, attempt, 0
        self._lock = threading.Lock()
        self._scalars: list[tuple[tuple[str, ...], list[float], list[Sequence[float]]]] = []
        #: Names → index in `_scalars` of the entry that takes their next point.
        self._open: dict[tuple[str, ...], int] = {}
        self._stats: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[list[float], list[np.ndarray], np.ndarray]] = {}
        self._histograms: dict[tuple[str, tuple[str, ...]], tuple[list[float], list[np.ndarray]]] = {}
        self._matrices: dict[str, tuple[float, np.ndarray, dict[str, Any]]] = {}
        self._others: list[Callable[[dict[str, Any]], Sent]] = []

    def scalars(self, step: float, values: Mapping[str, float]) -> None:
        names = tuple(values)
        with self._lock:
            if names not in self._open:
                self._begin(names)
            _, steps, rows = self._scalars[self._open[names]]
            steps.append(step)
            rows.append(tuple(values.values()))

    def _begin(self, names: tuple[str, ...]) -> None:
        """Begin new columns and close columns that share a series with them, so that each series is sent in its recorded order."""
        own = set(names)
        self._open = {other: i for other, i in self._open.items() if own.isdisjoint(other)} | {names: len(self._scalars)}
        self._scalars.append((names, [], []))

    def layer_stats(self, step: float, layers: Sequence[str], quantities: Sequence[str], values: np.ndarray, applies: np.ndarray) -> None:
        """`values`: float64[layers, quantities]; `applies`: bool of the same shape, the same at every step."""
        with self._lock:
            steps, rows, _ = self._stats.setdefault((tuple(layers), tuple(quantities)), ([], [], applies))
            steps.append(step)
            rows.append(np.array(values, dtype=VALUE))

    def histograms(self, step: float, kind: str, layers: Sequence[str], counts: np.ndarray) -> None:
        """`counts`: integers[layers, bins.SLOTS]."""
        with self._lock:
            steps, rows = self._histograms.setdefault((kind, tuple(layers)), ([], []))
            steps.append(step)
            rows.append(np.array(counts))

    def matrix(self, step: float, name: str, values: np.ndarray, meta: Mapping[str, Any]) -> None:
        with self._lock:
            self._matrices[name] = (float(step), np.array(values, dtype=CELL), dict(meta))

    def event(self, step: float, kind: str, data: Mapping[str, Any] | None = None) -> None:
        body: dict[str, Any] = {"step": float(step), "kind": kind, "time": time.time(), "data": dict(data or {})}
        self.message(lambda ids: Event(**ids, **body))

    def message(self, make: Callable[[dict[str, Any]], Sent]) -> None:
        """Record a message that is not columnar; `make` gets `run`, `attempt` and `seq`."""
        with self._lock:
            self._others.append(make)

    def drain(self, essential: bool = False, most: float = math.inf) -> list[Sent]:
        """Messages of all records so far; `essential` drops layer statistics, histograms and matrices.

        Columns come before events, so the data of an event's step arrive first. A columnar message longer than `most` bytes is
        split between steps; a single step is never split.
        """
        with self._lock:
            scalars, self._scalars = self._scalars, []
            self._open = {}
            stats, self._stats = self._stats, {}
            histograms, self._histograms = self._histograms, {}
            matrices, self._matrices = self._matrices, {}
            others, self._others = self._others, []
        if essential:
            stats, histograms, matrices = {}, {}, {}
        out: list[Sent] = []
        for names, steps, points in scalars:
            for cut in _cuts([8 + 8 * len(names)] * len(steps), most - _head(names)):
                values = np.array(points[cut], dtype=VALUE).T
                out.append(Scalars(**self._ids(), names=list(names), steps=_steps(steps[cut]), values=values.tobytes()))
        for (layers, quantities), (steps, tables, applies) in stats.items():
            for cut in _cuts([8 + table.nbytes for table in tables], most - _head(layers) - _head(quantities) - applies.size):
                out.append(
                    LayerStats(
                        **self._ids(),
                        layers=list(layers),
                        quantities=list(quantities),
                        applies=applies.astype(np.uint8).tobytes(),
                        steps=_steps(steps[cut]),
                        values=np.stack(tables[cut]).tobytes(),
                    )
                )
        for (kind, layers), (steps, counts) in histograms.items():
            for start in range(0, len(steps), _STACKED):
                block = slice(start, start + _STACKED)
                out += self._sparse(kind, layers, steps[block], np.stack(counts[block]), most - _head(layers))
        for name, (step, array, meta) in matrices.items():
            out.append(Matrix(**self._ids(), name=name, step=step, shape=list(array.shape), values=array.tobytes(), meta=meta))
        out.extend(make(self._ids()) for make in others)
        return out

    def _ids(self) -> dict[str, Any]:
        self.seq += 1
        return {"run": self.run, "attempt": self.attempt, "seq": self.seq}

    def _sparse(self, kind: str, layers: tuple[str, ...], steps: list[float], dense: np.ndarray, most: float) -> Iterator[Histograms]:
        rows, width = dense.reshape(-1, bins.SLOTS), len(layers)
        cell, slot = np.nonzero(rows)
        counts, held = rows[cell, slot].astype(COUNT), np.bincount(cell, minlength=len(rows))
        offsets = np.concatenate([[0], np.cumsum(held)])
        for cut in _cuts((8 + 4 * width + 6 * held.reshape(-1, width).sum(axis=1)).tolist(), most):
            own = offsets[cut.start * width : cut.stop * width + 1]
            yield Histograms(
                **self._ids(),
                kind=kind,
                bins_version=bins.VERSION,
                layers=list(layers),
                steps=_steps(steps[cut]),
                offsets=(own - own[0]).astype(OFFSET).tobytes(),
                bins=slot[own[0] : own[-1]].astype(BIN).tobytes(),
                counts=counts[own[0] : own[-1]].tobytes(),
            )


def _steps(steps: list[float]) -> bytes:
    return np.array(steps, dtype=STEP).tobytes()


def _head(names: Sequence[str]) -> int:
    """Upper bound of the bytes of a message before its first step."""
    return _ENVELOPE + sum(5 + len(name.encode()) for name in names)


def _cuts(sizes: Sequence[int], most: float) -> Iterator[slice]:
    """Slices of the steps. Each slice has at least one step, and as many as fit: the sum of its `sizes` stays within `most`."""
    start, held = 0, 0
    for i, size in enumerate(sizes):
        if i > start and held + size > most:
            yield slice(start, i)
            start, held = i, 0
        held += size
    if start < len(sizes):
        yield slice(start, len(sizes))
