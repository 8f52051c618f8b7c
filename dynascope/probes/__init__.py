"""The quantities that the instrument measures, one file per probe. To add a probe, add a file with a `Probe` in it.

A probe leaves RNG state, buffers, `.grad` and results unchanged to the last bit.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import torch

from dynascope.probes.sites import Site

#: Where a probe hooks: a layer's activation after its forward, a norm layer's input before the norm's forward, the layer's own
#: tensors between `backward()` and any change of them (by penalties, clipping, the optimizer), those tensors after the
#: optimizer's step (`prepare` is called before the step), or the activations of a survey (`Instrument.survey`).
At = Literal["activation", "norm", "backward", "update", "survey"]
Cost = Literal["free", "cheap", "on demand"]


class Probe:
    """Quantities per layer. A subclass declares the class variables and implements `measure` and `values`.

    A measured step calls `reset()`, then `measure()` once per tensor (twice for a layer that runs twice), then
    `values()` and `counts()`. Rows are layers, in the order of `sites`.
    """

    name: ClassVar[str]
    at: ClassVar[At]
    kind: ClassVar[Literal["layer"]] = "layer"
    cost: ClassVar[Cost]
    #: Each quantity becomes the series `layer/<layer>/<quantity>`.
    quantities: ClassVar[tuple[str, ...]]
    #: The kind of the histogram that `counts()` gives; None if there is none.
    histogram: ClassVar[str | None] = None

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = sites

    def applies(self) -> np.ndarray:
        """bool[layers, quantities]: whether a quantity exists for a layer of this model; the same at every step."""
        return np.ones((len(self.sites), len(self.quantities)), dtype=bool)

    def reset(self) -> None:
        """Forget the last measured step."""
        raise NotImplementedError

    def prepare(self) -> None:
        """For a probe `at` "update": called for all layers just before the optimizer's step."""

    def measure(self, row: int, tensor: torch.Tensor | None) -> None:
        """Read `tensor` of layer `row` now, as it may be overwritten afterwards; None if `at` is "backward" or "update"."""
        raise NotImplementedError

    def values(self) -> np.ndarray:
        """float64[layers, quantities]; NaN for a layer that was not measured."""
        raise NotImplementedError

    def counts(self) -> np.ndarray:
        """Integers[layers, bins.SLOTS], for a probe with a histogram."""
        raise NotImplementedError


def discover() -> list[type[Probe]]:
    """Every probe in this package, ordered by file name and by position in the file."""
    found: list[type[Probe]] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Probe) and value.__module__ == module.__name__
        ]
    return found
