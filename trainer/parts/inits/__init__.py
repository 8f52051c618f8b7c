"""Initialisations. `apply(weight, fan, params, generator)` fills one weight; biases are zero unless `bias` is overridden.

Every init draws standard numbers from the layer's own generator and scales them, so two inits of one distribution and
one seed are the same draw at two scales.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field
from torch import nn

from trainer.registry import Part
from trainer.spec import described


class Fan(NamedTuple):
    """A weight's inputs and outputs per unit, and the gain of the activation after it (1 if there is none)."""

    fan_in: int
    fan_out: int
    gain: float
    #: The size for PyTorch's own init, if it isn't fan-in: the state's size of a recurrent layer; 0 for an embedding, from N(0, 1).
    own: int | None = None


class Drawn(NamedTuple):
    """The unit of one draw, which has its own generator: a layer's weight (outputs × inputs, …), or one block of it."""

    name: str
    weight: torch.Tensor
    bias: torch.Tensor | None
    fan: Fan


class Init(Part):
    def apply(self, weight: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        """Fill `weight` (outputs × inputs, …) in place."""
        raise NotImplementedError

    def bias(self, bias: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        """Fill a bias in place."""
        bias.zero_()

    def fit(self, model: nn.Module, x: torch.Tensor, params: Any) -> None:
        """For an init that uses data: adjust the drawn weights with a batch of training inputs, in eval mode."""


def drawn(name: str, module: nn.Module, gain: float) -> Iterator[Drawn]:
    """The parts of a module's own weights that an init fills; each part is drawn separately.

    A convolution's fan-in is (C_in / groups) · kernel size, for each group. The stacked gates of a GRU or LSTM are separate
    matrices; their nonlinearities are fixed, so the gain is 1. An embedding looks up one row: fan-in 1.
    """
    if isinstance(module, nn.RNNBase):
        size = module.hidden_size
        gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[type(module).__name__]
        for source in ("ih", "hh"):
            weights = getattr(module, f"weight_{source}_l0").chunk(gates)
            biases = getattr(module, f"bias_{source}_l0").chunk(gates)
            for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
                yield Drawn(f"{name}.{source}{i}", weight, bias, Fan(weight.shape[1], size, 1.0, size))
    elif isinstance(module, nn.Embedding):
        yield Drawn(name, module.weight, None, Fan(1, module.embedding_dim, 1.0, 0))
    elif isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        groups = getattr(module, "groups", 1)
        weights = module.weight.chunk(groups)
        biases = (None,) * groups if module.bias is None else module.bias.chunk(groups)
        for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            fan_in = weight[0].numel()
            fan = Fan(fan_in, weight.shape[0] * weight[0, 0].numel(), gain)
            yield Drawn(f"{name}.{i}" if groups > 1 else name, weight, bias, fan)


def gain_of(given: float | str, fan: Fan) -> float:
    return fan.gain if given == "auto" else float(given)


def gain_field(default: float | str):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Gain", "게인"),
        help=(
            "Factor on the deviation; auto takes the one for the activation: √2 for ReLU.",
            "표준편차에 곱하는 수. auto는 활성화 함수에 맞춘다(ReLU는 √2).",
        ),
    )


def fan_field():  # type: ignore[no-untyped-def]
    return described(
        "fan_in",
        label=("Fan", "팬"),
        help=("fan_in keeps the forward variance, fan_out the backward one.", "fan_in은 순전파, fan_out은 역전파의 분산을 지킨다."),
    )


Gain = Literal["auto"] | Annotated[float, Field(gt=0, le=100)]
FanMode = Literal["fan_in", "fan_out"]
