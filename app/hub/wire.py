"""Binary frames for viewers: a header that names arrays, then the arrays.

Layout: uint32 (little-endian) header length L, a multiple of 8; L bytes of JSON, padded with spaces; then the arrays.
An array begins `offset` bytes after the header. Every offset is 4 modulo 8, so that each array lies at a multiple of 8
from the beginning of the frame and a browser can view it without a copy.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from app.store.columns import Column
from app.store.matrices import Stored
from app.store.pyramid import LAST, START, Buckets
from dynascope.stream import DTYPES

PROTOCOL = 1


class _Arrays:
    def __init__(self) -> None:
        self.parts: list[bytes] = [b"\0\0\0\0"]
        self.size = 4

    def add(self, array: np.ndarray, dtype: str = "float64") -> dict[str, Any]:
        data = np.ascontiguousarray(array, dtype=DTYPES[dtype]).tobytes()
        place = {"dtype": dtype, "offset": self.size, "length": len(array)}
        padding = -len(data) % 8
        self.parts += [data, b"\0" * padding]
        self.size += len(data) + padding
        return place

    def frame(self, header: Mapping[str, Any]) -> bytes:
        text = msgspec.json.encode(header)
        text += b" " * (-len(text) % 8)
        return b"".join([len(text).to_bytes(4, "little"), text, *self.parts])


def points(run: str, attempt: int, seq: int, series: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> bytes:
    """`series`: name → steps and values; a frame of series of width 1."""
    return _scalars(run, attempt, seq, ((name, 1, {"step": steps, "value": values}) for name, (steps, values) in series.items()))


def scalars(run: str, attempt: int, seq: int, series: Iterable[tuple[str, int, Buckets]]) -> bytes:
    """`series`: (name, width, buckets). Points (width 1) have columns step and value; buckets have all six."""
    columns = (
        (name, width, {"step": held.table[START], "value": held.table[LAST]} if width == 1 else held.columns())
        for name, width, held in series
    )
    return _scalars(run, attempt, seq, columns)


def _scalars(run: str, attempt: int, seq: int, series: Iterable[tuple[str, int, Mapping[str, np.ndarray]]]) -> bytes:
    arrays, listed = _Arrays(), []
    for name, width, columns in series:
        listed.append({"name": name, "width": width, "columns": {key: arrays.add(column) for key, column in columns.items()}})
    return arrays.frame({"type": "scalars", "run": run, "attempt": attempt, "seq": seq, "series": listed})


def histograms(run: str, attempt: int, seq: int, kind: str, layer: str, columns: Sequence[Column]) -> bytes:
    """Columns of one layer and kind; column i owns bins[offsets[i]:offsets[i+1]] and the same range of counts."""
    arrays = _Arrays()
    offsets = np.cumsum([0] + [len(c.bins) for c in columns])
    places = {
        "first": arrays.add(np.array([c.first for c in columns])),
        "last": arrays.add(np.array([c.last for c in columns])),
        "offsets": arrays.add(offsets, "uint32"),
        "bins": arrays.add(np.concatenate([c.bins for c in columns] or [np.empty(0)]), "uint16"),
        "counts": arrays.add(np.concatenate([c.counts for c in columns] or [np.empty(0)]), "uint32"),
    }
    return arrays.frame({"type": "histograms", "run": run, "attempt": attempt, "seq": seq, "kind": kind, "layer": layer, "arrays": places})


def matrix(run: str, attempt: int, seq: int, stored: Stored) -> bytes:
    """One array at one step; `values` is flat, in C order."""
    arrays = _Arrays()
    place = arrays.add(stored.values.ravel(), "float32")
    about = {"name": stored.name, "step": stored.step, "shape": list(stored.values.shape), "meta": stored.meta, "values": place}
    return arrays.frame({"type": "matrix", "run": run, "attempt": attempt, "seq": seq, **about})
