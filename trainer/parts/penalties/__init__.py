"""Penalties that keep weights small: L1 and L2, as a part of the gradient, or as a separate step after the optimizer's.

All act only on weights (ndim ≥ 2). A penalty overrides one or more of the three methods; the others do nothing.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch

from trainer.registry import Part


class Penalty(Part):
    #: The terms that it can apply: l1, l2 or both.
    terms: ClassVar[tuple[str, ...]] = ("l1", "l2")
    #: Whether its step is correct only if one learning rate holds for all coordinates.
    needs_scalar_lr: ClassVar[bool] = False

    def add_gradient(self, weights: Sequence[torch.Tensor], l1: float, l2: float) -> None:
        """Called before clipping and the optimizer; changes every `.grad` in place."""

    def decay(self, weights: Sequence[torch.Tensor], lr: float, l1: float, l2: float) -> None:
        """Called just before the optimizer's step; changes the weights in place."""

    def shrink(self, weights: Sequence[torch.Tensor], lr: float, l1: float, l2: float) -> None:
        """Called after the optimizer's step at the rate `lr`; changes the weights in place."""
