"""Gradients of the loss without penalty by each layer's weight, read before penalties and clipping."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from dynascope.kernels import Summary
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site


class Gradients(Probe):
    """‖g‖ (2-norm) and the standard deviation over the elements of g = ∂loss/∂W."""

    name: ClassVar[str] = "gradients"
    at: ClassVar[At] = "backward"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = ("gradient/norm", "gradient/std")
    histogram: ClassVar[str | None] = "gradient"

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._summary = Summary(len(sites))

    def applies(self) -> np.ndarray:
        trained = [any(w.requires_grad for w in site.weights) for site in self.sites]
        return np.repeat(np.array(trained, dtype=bool)[:, None], len(self.quantities), axis=1)

    def reset(self) -> None:
        self._summary.reset()

    def measure(self, row: int, tensor: torch.Tensor | None = None) -> None:
        for weight in self.sites[row].weights:
            if weight.grad is not None and weight.grad.layout is torch.strided:
                self._summary.add(row, weight.grad)

    def values(self) -> np.ndarray:
        m = self._summary.moments()
        return np.array([m.norm, m.std]).T

    def counts(self) -> np.ndarray:
        return self._summary.counts
