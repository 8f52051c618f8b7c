"""Models: `build(shape, params, norm, activation, placement) -> nn.Module`, from `[n, *shape.inputs]` to `[n, outputs]`.

`norm(channels, dims)` gives a module or None, for `dims` axes of positions beside batch and channels. `activation()` gives a
module. Submodules are named in the order in which data pass through them; the output layer is `out`.

A `build` uses only its arguments, plain values of `self`, and single parameters (never the whole object), because a run's
script contains its source.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import nn

from trainer.parts.datasets import Shape
from trainer.registry import Part
from trainer.spec import described

Norm = Callable[..., nn.Module | None]
Activation = Callable[[], nn.Module]


class Model(Part):
    #: The layouts that the model reads, preferred one first; whether it has hidden layers to normalise, and masks padding;
    #: `inputs`: the number of values in an example, if it is fixed.
    works_with: ClassVar[dict[str, Any]] = {"layouts": ["vector"], "hidden": True}
    #: Whether its activations are [n, positions, channels] rather than [n, channels, *positions].
    channels_last: ClassVar[bool] = False

    def check(self, shape: Shape, params: Any) -> None:
        """Raises `registry.Refused` for parameters that don't go together."""

    def build(self, shape: Shape, params: Any, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        raise NotImplementedError

    def see(self, model: nn.Module, x: torch.Tensor) -> None:
        """Called before the weights are drawn: a model takes values from the training inputs, such as their span."""

    def activated(self, name: str) -> bool:
        """Whether the spec's activation follows the layer of that name; if so, the init uses its gain."""
        return name != "out"

    def adjust(self, model: nn.Module, params: Any) -> None:
        for block in model.modules():
            if isinstance(block, Block) and (params.dropout or hasattr(block, "dropout")):
                block.add_module("dropout", nn.Dropout(params.dropout))


class Block(nn.Sequential):
    """One hidden layer. Its children are applied in order; of a recurrent child's output and state, only the output is passed on."""

    def __init__(self, residual: bool, children: "OrderedDict[str, nn.Module]") -> None:
        super().__init__(children)
        self._residual = residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for child in self:
            y = child(y)
            if isinstance(y, tuple):
                y = y[0]
        return y + x if self._residual else y


def hidden(
    kind: str, core: nn.Module, norm: nn.Module | None, activation: nn.Module, placement: str, dropout: float, residual: bool
) -> Block:
    """A hidden layer from the weighted module `core`, named `kind`, and the modules after it."""
    parts = [("norm", norm), ("act", activation)]
    if placement == "after_activation":
        parts.reverse()
    children: OrderedDict[str, nn.Module] = OrderedDict([(kind, core)])
    children.update((name, module) for name, module in parts if module is not None)
    if dropout:
        children["dropout"] = nn.Dropout(dropout)
    return Block(residual, children)


def depth_field(default: int):  # type: ignore[no-untyped-def]
    return described(default, label=("Depth", "깊이"), help=("Hidden layers.", "은닉층의 수."), ge=1, le=200, strict=True, span=(1, 20))


def width_field(default: int, unit: tuple[str, str] = ("Units in each hidden layer.", "은닉층마다 유닛의 수.")):  # type: ignore[no-untyped-def]
    return described(default, label=("Width", "너비"), help=unit, ge=1, le=1_000_000, strict=True, scale="log", span=(1, 512))


def dropout_field():  # type: ignore[no-untyped-def]
    return described(
        0.0,
        label=("Dropout", "드롭아웃"),
        help=("Share of activations set to zero in training.", "훈련 중 0으로 두는 활성값의 비율."),
        live=True,
        ge=0,
        lt=1,
        span=(0, 0.9),
    )


def residual_field(default: bool = False):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Residual", "잔차 연결"),
        help=("Adds each hidden layer's input to its output where both are of one width.", "너비가 같으면 은닉층의 입력을 출력에 더한다."),
    )
