"""Activation functions: `build(params) -> nn.Module`, and the gain with which an initialisation compensates for the activation."""

from typing import Any

from torch import nn

from trainer.registry import Part


class Activation(Part):
    def build(self, params: Any) -> nn.Module:
        raise NotImplementedError

    def gain(self, params: Any) -> float:
        """The same as `torch.nn.init.calculate_gain`; 1 if that has no value."""
        return 1.0
