"""What the instrument measures: one file a quantity. Adding a file with a `Probe` in it is the only edit.

A probe leaves RNG state, buffers, `.grad` and results to the last bit as they were.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import torch

from dynascope.probes.sites import Site

#: Where a probe hooks: a layer's activation as it leaves the forward, a norm layer's input before the norm has seen it, the
#: layer's own tensors between `backward()` and whatever changes them (penalties, clipping, the optimizer), those tensors once
#: the optimizer has changed them (then `prepare` is called before), or the activations of a survey (`Instrument.survey`).
At = Literal["activation", "norm", "backward", "update", "survey"]
Cost = Literal["free", "cheap", "on demand"]


class Probe:
    """One file of quantities by layer. A subclass declares the class variables and gives `measure` and `values`.

    A measured step is `reset()`, then `measure()` as often as tensors pass (twice for a layer that runs twice), then
    `values()` and `counts()`. Rows are layers, in the order of `sites`.
    """

    name: ClassVar[str]
    at: ClassVar[At]
    kind: ClassVar[Literal["layer"]] = "layer"
    cost: ClassVar[Cost]
    #: Each becomes the series `layer/<layer>/<quantity>`.
    quantities: ClassVar[tuple[str, ...]]
    #: The kind of the histogram that `counts()` gives, None for none.
    histogram: ClassVar[str | None] = None

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = sites

    def applies(self) -> np.ndarray:
        """bool[layers, quantities]: what this model can have at all; the same at every step."""
        return np.ones((len(self.sites), len(self.quantities)), dtype=bool)

    def reset(self) -> None:
        """Forget the last measured step."""
        raise NotImplementedError

    def prepare(self) -> None:
        """For a probe `at` "update": look at every layer just before the optimizer's step."""

    def measure(self, row: int, tensor: torch.Tensor | None) -> None:
        """Look at `tensor` of layer `row` now, for it may be overwritten next; None where `at` is "backward" or "update"."""
        raise NotImplementedError

    def values(self) -> np.ndarray:
        """float64[layers, quantities]; NaN for a layer that was not measured."""
        raise NotImplementedError

    def counts(self) -> np.ndarray:
        """Integers[layers, bins.SLOTS], for a probe with a histogram."""
        raise NotImplementedError


def discover() -> list[type[Probe]]:
    """Every probe in this package, by file name and then as written there."""
    found: list[type[Probe]] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Probe) and value.__module__ == module.__name__
        ]
    return found
