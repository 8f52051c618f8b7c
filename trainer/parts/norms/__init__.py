"""Normalisations of a layer's activations: `build(channels, dims, params, last) -> nn.Module`, or None for no normalisation.

`dims` is the number of position axes, besides batch and channels. The channels are on axis 1, [n, channels, *positions];
with `last` on the last axis, [n, positions, channels], as in recurrent networks and transformers. `torch_norm` names
torch's class for that number of axes.
"""

from typing import Any, ClassVar

import torch
from torch import nn

from dynascope.sentence import say
from trainer.registry import Part, Refused
from trainer.spec import described


class Norm(Part):
    #: Whether its statistics stay correct for padded sequences; they do if each position is normalised separately.
    by_position: ClassVar[bool] = False
    #: Whether a batch of one example with one position has no variance to divide by.
    needs_two: ClassVar[bool] = False

    def check(self, channels: int, dims: int, params: Any) -> None:
        """Raises `Refused` if it can't be built for this number of channels; `param` "name" means that the choice itself is wrong."""

    def check_padded(self, params: Any) -> None:
        """Raises `Refused` if its statistics would include padding."""
        if not self.by_position:
            msg = say("its statistics would count the padding of shorter sequences; use layer or rms, which look at one position, or none")
            raise Refused("name", msg, self.name)

    def build(self, channels: int, dims: int, params: Any, last: bool) -> nn.Module | None:
        raise NotImplementedError


class OfAllPositions(nn.Module):
    """A norm over the first axis, for [n, positions, channels]: the positions of all examples become rows.

    The statistics equal those of a transposed [n, channels, positions], which torch reads at a fifth of the speed.
    """

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class OverPositions(nn.Module):
    """Applies a norm that expects the channels on axis 1 to [n, positions, channels]."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class AtPositions(nn.Module):
    """Applies a norm that expects the channels on the last axis to [n, channels, *positions]: each position separately."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


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


def affine_field(default: bool = True):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Learn γ and β", "γ와 β 학습"),
        help=("A scale and a shift after it, one a channel.", "정규화 뒤 채널마다의 크기와 이동."),
    )


def momentum_field():  # type: ignore[no-untyped-def]
    return described(
        0.1,
        label=("Momentum", "모멘텀"),
        help=("Share of each batch in the running statistics.", "이동 통계에 배치 하나가 차지하는 비율."),
        live=True,
        gt=0,
        le=1,
    )


def track_field(default: bool):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Track running statistics", "이동 통계 기록"),
        help=(
            "Evaluation uses running averages; without them, the data at hand as in training.",
            "평가 때 이동 평균을 쓴다. 끄면 훈련 때처럼 그때의 데이터를 쓴다.",
        ),
    )
