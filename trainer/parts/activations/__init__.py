"""What bends a layer: `build(params) -> nn.Module`, and the gain that an initialisation makes up for."""

from typing import Any

from torch import nn

from trainer.registry import Part


class Activation(Part):
    def build(self, params: Any) -> nn.Module:
        raise NotImplementedError

    def gain(self, params: Any) -> float:
        """As `torch.nn.init.calculate_gain`; 1 where it has none."""
        return 1.0
