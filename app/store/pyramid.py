"""Scalar history as points and buckets.

A bucket covers `width` steps, aligned to multiples of `width`, so buckets do not flicker while a run grows. It keeps
min, max and mean over the finite values, the last value even if not finite, and the number of values that are not finite: at
every zoom level, all spikes and single NaNs stay visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Steps per bucket at each level; level 0 holds the points themselves.
WIDTHS = (1, 16, 256, 4096, 65536, 1048576)
#: Buckets (or steps, at level 0) that one stored chunk spans.
SPAN = 512

START, MIN, MAX, SUM, COUNT, LAST, NONFINITE = range(7)


@dataclass(frozen=True)
class Buckets:
    """`table`: float64[7, n], rows START … NONFINITE, ordered by START. MIN and MAX are NaN if no value is finite."""

    table: np.ndarray

    @classmethod
    def of_points(cls, steps: np.ndarray, values: np.ndarray) -> "Buckets":
        """One bucket per point; `START` is the point's step."""
        finite = np.isfinite(values)
        kept = np.where(finite, values, np.nan)
        return cls(np.stack([steps, kept, kept, np.where(finite, values, 0.0), finite, values, ~finite]).astype(np.float64))

    @classmethod
    def unpack(cls, data: bytes, level: int) -> "Buckets":
        return cls.of_points(*unpack_points(data)) if level == 0 else cls(np.frombuffer(data, dtype="<f8").reshape(7, -1))

    def pack(self, level: int) -> bytes:
        """Points are stored only as step and value: a quarter of the bytes."""
        rows = self.table[[START, LAST]] if level == 0 else self.table
        return rows.astype("<f8").tobytes()

    def __len__(self) -> int:
        return self.table.shape[1]

    @classmethod
    def join(cls, parts: Sequence["Buckets"]) -> "Buckets":
        """All buckets, later arguments being newer where they overlap. Not reduced yet."""
        return cls(np.concatenate([part.table for part in parts], axis=1)) if parts else cls(np.empty((7, 0)))

    def then(self, later: "Buckets") -> "Buckets":
        return Buckets.join([self, later])

    def within(self, low: float, high: float) -> "Buckets":
        start = self.table[START]
        return Buckets(self.table[:, (start >= low) & (start <= high)])

    def coarsen(self, width: int) -> "Buckets":
        """Buckets of `width` steps."""
        if not len(self):
            return self
        start = np.floor(self.table[START] / width) * width
        order = np.argsort(start, kind="stable")
        start, rows = start[order], self.table[:, order]
        first = np.flatnonzero(np.append(True, start[1:] != start[:-1]))
        out = np.empty((7, len(first)))
        out[START] = start[first]
        out[MIN] = np.fmin.reduceat(rows[MIN], first)
        out[MAX] = np.fmax.reduceat(rows[MAX], first)
        for row in (SUM, COUNT, NONFINITE):
            out[row] = np.add.reduceat(rows[row], first)
        out[LAST] = rows[LAST, np.append(first[1:], len(start)) - 1]
        return Buckets(out)

    def columns(self) -> dict[str, np.ndarray]:
        """The names in the REST API and the pages; a mean without finite values is NaN."""
        count = self.table[COUNT]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count > 0, self.table[SUM] / count, np.nan)
        t = self.table
        return {"step": t[START], "min": t[MIN], "max": t[MAX], "mean": mean, "last": t[LAST], "nonfinite": t[NONFINITE]}


def unpack_points(data: bytes) -> np.ndarray:
    """Steps and values of a chunk of level 0, float64[2, n], without a copy."""
    return np.frombuffer(data, dtype="<f8").reshape(2, -1)


def width_for(first: float, last: float, points: int) -> int:
    """The least power of two with which [first, last] has at most `points` buckets (one more if the ends are not aligned)."""
    span = max(last - first + 1, 1.0)
    return 1 << max(0, int(np.ceil(np.log2(span / points))))


def level_for(width: int) -> int:
    """The coarsest level whose buckets still fit into `width`."""
    return max(i for i, w in enumerate(WIDTHS) if w <= width)


def chunk_of(starts: np.ndarray, level: int) -> np.ndarray:
    return np.floor(starts / (WIDTHS[level] * SPAN)).astype(np.int64)
