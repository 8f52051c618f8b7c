"""What keeps weights small: L1 and L2, as a part of the gradient, or as a step of its own after the optimizer's.

All act on weights alone (ndim ≥ 2). A penalty gives one or more of the three steps; the others do nothing.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch

from trainer.registry import Part


class Penalty(Part):
    #: Which of l1 and l2 it can apply.
    terms: ClassVar[tuple[str, ...]] = ("l1", "l2")
    #: Whether its step is right only where one learning rate holds for all coordinates.
    needs_scalar_lr: ClassVar[bool] = False

    def add_gradient(self, weights: Sequence[torch.Tensor], l1: float, l2: float) -> None:
        """Before clipping and the optimizer, in place on every `.grad`."""

    def decay(self, weights: Sequence[torch.Tensor], lr: float, l1: float, l2: float) -> None:
        """Just before the optimizer's step, in place on the weights."""

    def shrink(self, weights: Sequence[torch.Tensor], lr: float, l1: float, l2: float) -> None:
        """After the optimizer's step at the rate `lr`, in place on the weights."""
