"""Activations: the output of each layer (quantities.md; Glorot & Bengio 2010 for saturation)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from dynascope.kernels import Summary
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site

_THRESHOLDS: dict[type[nn.Module], tuple[float, float]] = {nn.Tanh: (-0.97, 0.97), nn.Sigmoid: (0.03, 0.97)}
_SATURATES_AT_ZERO = (nn.ReLU,)


class Activations(Probe):
    """Statistics over batch and units. Saturated: tanh |a| > .97; sigmoid a < .03 or a > .97; ReLU a = 0; not defined for others."""

    name: ClassVar[str] = "activations"
    at: ClassVar[At] = "activation"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = (
        "activation/mean",
        "activation/std",
        "activation/min",
        "activation/max",
        "activation/saturated",
    )
    histogram: ClassVar[str | None] = "activation"

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._summary = Summary(len(sites))
        kinds = [type(site.activation) if site.activation else nn.Identity for site in sites]
        self._thresholds = [_THRESHOLDS.get(kind, (-np.inf, np.inf)) for kind in kinds]
        self._at_zero = np.array([kind in _SATURATES_AT_ZERO for kind in kinds], dtype=bool)
        self._saturates = self._at_zero | np.array([kind in _THRESHOLDS for kind in kinds], dtype=bool)

    def applies(self) -> np.ndarray:
        applies = super().applies()
        applies[:, -1] = self._saturates
        return applies

    def reset(self) -> None:
        self._summary.reset()

    def measure(self, row: int, tensor: torch.Tensor | None) -> None:
        if tensor is not None:
            self._summary.add(row, tensor, *self._thresholds[row])

    def values(self) -> np.ndarray:
        m = self._summary.moments()
        saturated = np.where(self._at_zero, m.zeros, m.outside)
        return np.array([m.mean, m.std, m.minimum, m.maximum, np.where(self._saturates, saturated, np.nan)]).T

    def counts(self) -> np.ndarray:
        return self._summary.counts
