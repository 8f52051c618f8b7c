"""Where a trainer's messages go."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from dynascope.messages import Layer


class Sink(Protocol):
    """The interface that a training loop and the instrument write to. No call blocks on the network."""

    def started(self, layers: Sequence[Layer], preloaded: bool) -> None: ...

    def scalars(self, step: float, values: Mapping[str, float]) -> None: ...

    def layer_stats(self, step: float, layers: Sequence[str], quantities: Sequence[str], values: np.ndarray, applies: np.ndarray) -> None:
        """`values`: float64[layers, quantities]; `applies`: bool of the same shape."""

    def histograms(self, step: float, kind: str, layers: Sequence[str], counts: np.ndarray) -> None:
        """`counts`: integers[layers, bins.SLOTS]."""

    def matrix(self, step: float, name: str, values: np.ndarray, meta: Mapping[str, Any]) -> None:
        """A whole array; if several with the same name wait to be sent, only the newest is sent."""

    def event(self, step: float, kind: str, data: Mapping[str, Any] | None = None) -> None: ...

    def ended(self, status: str, reason: str, step: float) -> None: ...

    def close(self) -> None:
        """Wait until everything is stored (acknowledged, or in the journal)."""
