"""How weights begin. `apply(weight, fan, params, generator)` fills one weight; biases begin at zero unless `bias` says otherwise.

Every init draws standard numbers from the layer's own generator and scales them, so two inits of one distribution and
one seed are the same draw at two scales.
"""

import math
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field
from torch import nn

from trainer.registry import Part
from trainer.spec import described


class Fan(NamedTuple):
    """Of a weight: inputs and outputs of a unit, and the gain of the activation that follows it (1 after the last layer)."""

    fan_in: int
    fan_out: int
    gain: float


class Init(Part):
    def apply(self, weight: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        """Fill `weight` (outputs × inputs, …) in place."""
        raise NotImplementedError

    def bias(self, bias: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        """Fill a bias in place."""
        bias.zero_()

    def fit(self, model: nn.Module, x: torch.Tensor, params: Any) -> None:
        """For an init that looks at data: adjust the drawn weights by a batch of training inputs, in eval mode."""


def fan_of(weight: torch.Tensor, gain: float) -> Fan:
    """A convolution's fan-in is (C_in / groups) · kernel size: what its weight's own shape says."""
    kernel = math.prod(weight.shape[2:])
    return Fan(weight.shape[1] * kernel, weight.shape[0] * kernel, gain)


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
