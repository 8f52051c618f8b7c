"""Dead units: their activation's derivative is zero for every example of a survey (Lu et al. 2019, "Dying ReLU and Initialization")."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from dynascope.kernels import mark_alive
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site


class DeadUnits(Probe):
    """The fraction of a ReLU layer's units (a convolution's channels) that were zero for every example of the survey.

    One batch is not enough: a unit that is zero for 64 examples may be active for the next. A leaky unit is never dead, so
    other activations don't have this quantity.
    """

    name: ClassVar[str] = "dead_units"
    at: ClassVar[At] = "survey"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = ("activation/dead",)

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._relu = [isinstance(site.activation, nn.ReLU) for site in sites]
        self._alive: dict[int, np.ndarray] = {}

    def applies(self) -> np.ndarray:
        return np.array(self._relu, dtype=bool)[:, None]

    def reset(self) -> None:
        self._alive.clear()

    def measure(self, row: int, tensor: torch.Tensor | None) -> None:
        if tensor is None or not self._relu[row] or tensor.ndim < 2 or not tensor.numel():
            return
        if self.sites[row].units_last:
            n, channels, positions = prod(tensor.shape[:-1]), tensor.shape[-1], 1
        else:
            n, channels, positions = tensor.shape[0], tensor.shape[1], prod(tensor.shape[2:])
        alive = self._alive.setdefault(row, np.zeros(channels, dtype=bool))
        mark_alive(tensor, n, channels, positions, alive)

    def values(self) -> np.ndarray:
        dead = [1 - self._alive[row].mean() if row in self._alive else np.nan for row in range(len(self.sites))]
        return np.array(dead)[:, None]
