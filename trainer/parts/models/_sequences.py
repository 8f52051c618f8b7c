"""Shared code of sequence models: the ends of padded sequences, and recurrent networks with any cell."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Model, Norm, depth_field, dropout_field, hidden, residual_field, width_field
from trainer.spec import Strict, StrictBool


class Params(Strict):
    depth: int = depth_field(1)
    width: int = width_field(64)
    dropout: float = dropout_field()
    residual: StrictBool = residual_field()


def ended(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For x [n, positions, features] with NaN after each end: x with zeros there, and bool[n, positions], the real positions."""
    real = ~x[..., 0].isnan()
    return x.nan_to_num(nan=0.0), real


class Recurrent(nn.Module):
    """Stacked recurrent layers. The state of the last position, or of the last real one in a padded sequence, goes to `out`."""

    def __init__(self, blocks: Sequence[nn.Module], out: nn.Module, padded: bool) -> None:
        super().__init__()
        for i, block in enumerate(blocks):
            self.add_module(f"hidden{i + 1}", block)
        self.out = out
        self._padded = padded
        if padded:
            self.real_positions: torch.Tensor | None = None  # for measurements of the layers: padding is no activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        last = None
        if self._padded:
            x, real = ended(x)
            self.real_positions = real
            last = real.sum(1) - 1
        *blocks, out = self.children()
        for block in blocks:
            x = block(x)
        return out(x[:, -1] if last is None else x[torch.arange(len(x)), last])


def recurrent(
    cell: str,
    inputs: tuple[int, ...],
    outputs: int,
    padded: bool,
    depth: int,
    width: int,
    dropout: float,
    residual: bool,
    norm: Norm,
    activation: Activation,
    placement: str,
) -> nn.Module:
    """`cell`: RNN, GRU or LSTM; `inputs`: (positions, features)."""
    features, blocks = inputs[-1], []
    for _ in range(depth):
        core = getattr(nn, cell)(features, width, batch_first=True)
        skips = residual and features == width
        blocks.append(hidden(cell.lower(), core, norm(width, 1), activation(), placement, dropout, skips))
        features = width
    return Recurrent(blocks, nn.Linear(features, outputs), padded)


class RecurrentModel(Model):
    """A model with one kind of cell."""

    works_with: ClassVar = {"layouts": ["sequence"], "hidden": True, "padded": True}
    channels_last: ClassVar[bool] = True
    #: RNN, GRU or LSTM.
    cell: ClassVar[str]

    def build(self, shape: Shape, params: Params, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        return recurrent(
            self.cell,
            shape.inputs,
            shape.outputs,
            shape.padded,
            params.depth,
            params.width,
            params.dropout,
            params.residual,
            norm,
            activation,
            placement,
        )

    def activated(self, name: str) -> bool:
        """False for the cells: they have nonlinearities of their own, and no single gain fits them."""
        return False
