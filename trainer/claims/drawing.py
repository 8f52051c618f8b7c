"""Weights from the product's initialisations, for experiments without a model."""

from typing import Any

import torch

from trainer import registry
from trainer.build import derived
from trainer.parts.inits import Fan


def generator(seed: int, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(derived(seed, purpose))


def weight(
    size: tuple[int, int], init: str, source: torch.Generator, follows: float = 1.0, dtype: torch.dtype = torch.float32, **params: Any
) -> torch.Tensor:
    """The weight of a linear layer (outputs × inputs); `follows` is the gain of the next activation, `params` are the init's."""
    out, part = torch.empty(size, dtype=dtype), registry.part("init", init)
    part.apply(out, Fan(size[1], size[0], follows), part.Params(**params), source)
    return out


def activation(name: str) -> tuple[Any, float]:
    """The activation's module, and the gain with which an initialisation compensates for it."""
    part = registry.part("activation", name)
    return part.build(part.Params()), part.gain(part.Params())
