"""Effective size of a weight matrix: distinct rows and stable rank (Roy & Vershynin's ‖W‖_F² / ‖W‖₂²)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch

from dynascope.kernels import as_float32
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site

#: Rows that differ by at most this fraction of the largest weight count as one.
SAME = 1e-6
#: Power iterations of the first measurement, and of each later one, which starts from the vector of the previous one.
FIRST, ITERATIONS = 24, 4


class Structure(Probe):
    """`weight/distinct_rows`: number of distinct rows (one row per unit); 1 means that all units have the same weights.

    `weight/stable_rank`: ‖W‖_F² / ‖W‖₂², from 1 to the smaller dimension, ‖W‖₂ by power iteration, from below.
    """

    name: ClassVar[str] = "structure"
    at: ClassVar[At] = "backward"
    cost: ClassVar[Cost] = "cheap"
    quantities: ClassVar[tuple[str, ...]] = ("weight/distinct_rows", "weight/stable_rank")

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._vectors: dict[int, np.ndarray] = {}
        self._values = np.full((len(sites), 2), np.nan)

    def applies(self) -> np.ndarray:
        applies = super().applies()
        applies[:, 0] = [any(len(w) > 1 for w in site.weights) for site in self.sites]
        return applies

    def reset(self) -> None:
        self._values[:] = np.nan

    def measure(self, row: int, tensor: torch.Tensor | None = None) -> None:
        weight = self.sites[row].weights[0]
        matrix = as_float32(weight).reshape(len(weight), -1)
        if np.isfinite(matrix).all():
            self._values[row] = _distinct_rows(matrix), self._stable_rank(row, matrix)

    def _stable_rank(self, row: int, matrix: np.ndarray) -> float:
        v, iterations = self._vectors.get(row), ITERATIONS
        if v is None or len(v) != matrix.shape[1]:
            v, iterations = _fixed(0, matrix.shape[1]), FIRST
        for _ in range(iterations):
            u = matrix @ (v / (np.linalg.norm(v) or 1))
            v = matrix.T @ u
        largest = float(u @ u)
        if not (largest > 0 and np.linalg.norm(v) > 0):  # W is zero, or v has become zero: start again
            self._vectors.pop(row, None)
            return np.nan
        self._vectors[row] = v
        return float(np.square(matrix, dtype=np.float64).sum() / largest)

    def values(self) -> np.ndarray:
        return self._values.copy()


def _distinct_rows(matrix: np.ndarray) -> float:
    """Equal rows have equal projections, so they are neighbours after a sort by one projection."""
    projection = matrix @ _fixed(1, matrix.shape[1])
    ordered = matrix[np.argsort(projection, kind="stable")]
    gaps = np.abs(np.diff(ordered, axis=0)).max(axis=1)
    return float(1 + (gaps > SAME * np.abs(matrix).max()).sum())


@lru_cache(64)
def _fixed(seed: int, size: int) -> np.ndarray:
    """The same normal draw at every measurement, from its own generator."""
    return np.asarray(np.random.default_rng(seed).normal(size=size), dtype=np.float32)
