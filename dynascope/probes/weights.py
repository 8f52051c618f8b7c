"""Weights of each layer, as the forward of this step used them."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from dynascope.kernels import Summary
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site


class Weights(Probe):
    """‖W‖ (2-norm), mean and standard deviation over the elements, and the fraction that is exactly zero."""

    name: ClassVar[str] = "weights"
    at: ClassVar[At] = "backward"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = ("weight/norm", "weight/mean", "weight/std", "weight/zeros")
    histogram: ClassVar[str | None] = "weight"

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._summary = Summary(len(sites))

    def reset(self) -> None:
        self._summary.reset()

    def measure(self, row: int, tensor: torch.Tensor | None = None) -> None:
        for weight in self.sites[row].weights:
            self._summary.add(row, weight)

    def values(self) -> np.ndarray:
        m = self._summary.moments()
        return np.array([m.norm, m.mean, m.std, m.zeros]).T

    def counts(self) -> np.ndarray:
        return self._summary.counts
