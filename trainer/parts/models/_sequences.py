"""What models of sequences share: where one ends, and recurrent networks of any kind of cell."""

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
    """Of sequences [n, positions, features] with NaN behind their ends: zeros there instead, and bool[n, positions], what is real."""
    real = ~x[..., 0].isnan()
    return x.nan_to_num(nan=0.0), real


class Recurrent(nn.Module):
    """Recurrent layers one above the other; the last position's state, or the one where a padded sequence ends, goes to `out`."""

    def __init__(self, blocks: Sequence[nn.Module], out: nn.Module, padded: bool) -> None:
        super().__init__()
        for i, block in enumerate(blocks):
            self.add_module(f"hidden{i + 1}", block)
        self.out = out
        self._padded = padded
        if padded:
            self.real_positions: torch.Tensor | None = None  # for whoever looks at the layers: padding is no activation

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
    """Of one kind of cell."""

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
        """The cells have nonlinearities of their own: no gain fits both."""
        return False
