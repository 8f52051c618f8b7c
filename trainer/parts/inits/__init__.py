"""How weights begin. An init fills one weight; biases begin at zero.

Every init draws standard numbers from the layer's own generator and scales them, so two inits of one distribution and
one seed are the same draw at two scales.
"""

import math
from typing import NamedTuple

import torch

#: `torch.nn.init.calculate_gain` for the activations that have one; 1 elsewhere.
GAINS = {"tanh": "tanh", "relu": "relu", "sigmoid": "sigmoid", "selu": "selu"}


class Fan(NamedTuple):
    """Of a weight: inputs and outputs of a unit, and the activation that follows it (None after the last layer)."""

    fan_in: int
    fan_out: int
    activation: str | None


def fan_of(weight: torch.Tensor, activation: str | None) -> Fan:
    """A convolution's fan-in is (C_in / groups) · kernel size: what its weight's own shape says."""
    kernel = math.prod(weight.shape[2:])
    return Fan(weight.shape[1] * kernel, weight.shape[0] * kernel, activation)


def gain_of(given: float | str, fan: Fan) -> float:
    if given != "auto":
        return float(given)
    return torch.nn.init.calculate_gain(GAINS[fan.activation]) if fan.activation in GAINS else 1.0  # type: ignore[arg-type]
