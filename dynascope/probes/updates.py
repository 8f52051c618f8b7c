"""Relative size of the optimizer's weight update, per layer."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from dynascope.kernels import distance, norm
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site

#: torch squares in float32, which loses digits below this: such a norm is computed again in float64.
SMALL = 1e-15


class Updates(Probe):
    """log10(‖ΔW‖ / ‖W‖), with ‖W‖ before the step: healthy near −3 (a rule of thumb by A. Karpathy, not a theorem)."""

    name: ClassVar[str] = "updates"
    at: ClassVar[At] = "update"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = ("update/log10_ratio",)

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._before: list[list[torch.Tensor]] = [[] for _ in sites]
        self._sizes = [0.0] * len(sites)
        self._ratio = np.full(len(sites), np.nan)

    def reset(self) -> None:
        self._ratio[:] = np.nan

    def prepare(self) -> None:
        """Copy all layers in one call: the overhead of one copy per layer would be larger than the cost of the data."""
        now = [w.detach() for site in self.sites for w in site.weights]
        held = [w for before in self._before for w in before]
        if [w.shape for w in held] == [w.shape for w in now]:
            torch._foreach_copy_(held, now)
        else:
            self._before = [[w.detach().clone() for w in site.weights] for site in self.sites]
            held = [w for before in self._before for w in before]
        norms = iter(torch._foreach_norm(held))
        sizes = (sum(float(next(norms)) ** 2 for _ in before) ** 0.5 for before in self._before)
        self._sizes = [size if SMALL < size < np.inf else norm(before) for size, before in zip(sizes, self._before, strict=True)]

    def measure(self, row: int, tensor: torch.Tensor | None = None) -> None:
        weights, before = self.sites[row].weights, self._before[row]
        moved = sum(distance(w.detach(), b) ** 2 for w, b in zip(weights, before, strict=True)) ** 0.5
        size = self._sizes[row]
        self._ratio[row] = np.log10(moved / size) if moved > 0 and size > 0 else -np.inf if size > 0 else np.nan

    def values(self) -> np.ndarray:
        return self._ratio[:, None].copy()
