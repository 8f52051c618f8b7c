"""Converts messages to columns and checks them: the series and histograms of a frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.store import matrices
from dynascope import bins
from dynascope.messages import BIN, COUNT, OFFSET, STEP, VALUE, Histograms, LayerStats, Matrix, Scalars, Sent

MAX_NAME = 300


@dataclass(frozen=True, eq=False)
class Column:
    """One histogram of one layer and kind, over the measured steps first … last."""

    first: float
    last: float
    measured: int
    bins: np.ndarray
    counts: np.ndarray

    def add(self, other: "Column") -> "Column":
        """The sum of the counts of both columns, over the span of both."""
        total = np.zeros(bins.SLOTS, dtype=np.uint64)
        for column in (self, other):
            total[column.bins] += column.counts.astype(np.uint64)
        slots = np.flatnonzero(total)
        capped = np.minimum(total[slots], np.iinfo(np.uint32).max)
        return Column(
            min(self.first, other.first),
            max(self.last, other.last),
            self.measured + other.measured,
            slots.astype(BIN),
            capped.astype(COUNT),
        )


def series_of(message: Sent) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """`(name, steps, values)` of every series in a message.

    Raises ValueError if lengths do not agree.
    """
    if isinstance(message, Scalars):
        steps = _steps(message.steps)
        table = _array(message.values, VALUE, (len(message.names), len(steps)))
        yield from ((_name(name), steps, row) for name, row in zip(message.names, table, strict=True))
    elif isinstance(message, LayerStats):
        steps = _steps(message.steps)
        shape = (len(message.layers), len(message.quantities))
        table = _array(message.values, VALUE, (len(steps), *shape))
        applies = _array(message.applies, "u1", shape)
        for i, j in zip(*np.nonzero(applies), strict=True):
            yield _name(f"layer/{message.layers[i]}/{message.quantities[j]}"), steps, table[:, i, j]


def histograms_of(message: Sent) -> Iterator[tuple[str, str, Column]]:
    """`(kind, layer, column)` of every histogram in a message. Raises ValueError if a histogram is inconsistent."""
    if not isinstance(message, Histograms):
        return
    if message.bins_version != bins.VERSION:
        raise ValueError(f"bins version {message.bins_version} was sent, {bins.VERSION} is understood")
    steps = _steps(message.steps)
    offsets = _array(message.offsets, OFFSET, (len(steps) * len(message.layers) + 1,)).astype(np.int64)
    slots, counts = np.frombuffer(message.bins, BIN), np.frombuffer(message.counts, COUNT)
    if offsets[0] != 0 or (np.diff(offsets) < 0).any() or not offsets[-1] == len(slots) == len(counts):
        raise ValueError("histogram offsets do not fit bins and counts")
    if len(slots) and slots.max() >= bins.SLOTS:
        raise ValueError(f"bin {slots.max()} was sent, the highest is {bins.SLOTS - 1}")
    for i, (low, high) in enumerate(pairwise(offsets)):
        step = float(steps[i // len(message.layers)])
        yield _name(message.kind), _name(message.layers[i % len(message.layers)]), Column(step, step, 1, slots[low:high], counts[low:high])


def check(message: Sent) -> None:
    """Raises ValueError if a message's columns do not agree with each other."""
    for _ in series_of(message):
        pass
    for _ in histograms_of(message):
        pass
    if isinstance(message, Matrix):
        matrices.check(message)


def _name(name: str) -> str:
    if not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"a name of {len(name)} characters was sent, 1 to {MAX_NAME} are allowed")
    return name


def _steps(data: bytes) -> np.ndarray:
    if len(data) % 8:
        raise ValueError(f"steps are {len(data)} bytes, not a multiple of 8")
    steps = np.frombuffer(data, STEP)
    if not np.isfinite(steps).all() or (np.abs(steps) > 2**53).any():
        raise ValueError("a step is not a finite number below 2^53")
    return steps


def _array(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    expected = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if len(data) != expected:
        raise ValueError(f"{len(data)} bytes were sent for a table of {shape}, which takes {expected}")
    return np.frombuffer(data, dtype).reshape(shape)
