"""What normalises the activations of a layer: `build(channels, spatial_dims, params) -> nn.Module`, or None for none."""

from typing import Any

from torch import nn

from trainer.registry import Part
from trainer.spec import described


class Norm(Part):
    def check(self, channels: int, spatial_dims: int, params: Any) -> None:
        """Raises `registry.Refused` where it can't be built for so many channels."""

    def build(self, channels: int, spatial_dims: int, params: Any) -> nn.Module | None:
        raise NotImplementedError


def eps_field():  # type: ignore[no-untyped-def]
    return described(
        1e-5,
        label=("ε", "ε"),
        help=("Added to the variance, against division by zero.", "분산에 더해 0으로 나누는 것을 막는다."),
        gt=0,
        le=1,
        scale="log",
        span=(1e-8, 1e-1),
    )


def affine_field():  # type: ignore[no-untyped-def]
    return described(True, label=("Learn γ and β", "γ와 β 학습"), help=("A scale and a shift after it.", "정규화 뒤의 크기와 이동."))
