"""Convolutional networks of one, two and three dimensions; they differ only in this number."""

from collections import OrderedDict

import torch
from torch import nn

from dynascope.sentence import say
from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Model, Norm, depth_field, dropout_field, hidden, residual_field, width_field
from trainer.registry import Refused
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    depth: int = depth_field(3)
    width: int = width_field(16, ("Channels of each hidden layer.", "은닉층마다 채널의 수."))
    kernel: int = described(
        3,
        label=("Kernel", "커널"),
        help=("Positions along each axis that one output sees.", "출력 하나가 축마다 보는 위치의 수."),
        ge=1,
        le=31,
        strict=True,
        span=(1, 9),
    )
    groups: int = described(
        1,
        label=("Groups of channels", "채널 그룹"),
        help=(
            "From the second layer on each group sees itself alone; must divide the width.",
            "둘째 계층부터 그룹끼리만 보며, 너비를 나누어떨어지게 해야 한다.",
        ),
        ge=1,
        le=1_000_000,
        strict=True,
        scale="log",
        span=(1, 64),
    )
    pool: int = described(
        1,
        label=("Halve every", "반으로 줄이기"),
        help=(
            "Max-pooling by two after every so many layers, while two positions remain on each axis; 0 for never.",
            "이만큼의 계층마다 2칸 최대 풀링을 하고, 축마다 두 자리가 남을 때까지만 한다. 0이면 하지 않는다.",
        ),
        ge=0,
        le=200,
        strict=True,
        span=(0, 8),
    )
    dropout: float = dropout_field()
    residual: StrictBool = residual_field()


class ChannelsFirst(nn.Module):
    """A sequence [n, positions, features] as convolutions read it: [n, features, positions]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, 2)


class Halved(nn.Module):
    """Max-pooling by two along each axis of positions."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.pool = getattr(nn, f"MaxPool{dims}d")(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled():
            return self.pool(x)
        # Without a gradient the indices of the maxima are not needed, and `maximum` takes a twelfth of the time.
        for axis in range(2, x.ndim):
            pairs = x.narrow(axis, 0, x.shape[axis] // 2 * 2).unflatten(axis, (-1, 2))
            x = torch.maximum(pairs.select(axis + 1, 0), pairs.select(axis + 1, 1))
        return x


class MeanOverPositions(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2).mean(2)


def convolutional(
    inputs: tuple[int, ...],
    outputs: int,
    depth: int,
    width: int,
    kernel: int,
    groups: int,
    pool: int,
    dropout: float,
    residual: bool,
    norm: Norm,
    activation: Activation,
    placement: str,
) -> nn.Module:
    """`inputs`: (channels, *positions), or a sequence's (positions, features). Every convolution keeps the number of positions; the
    mean over the positions goes to `out`.
    """
    channels, *positions = inputs if len(inputs) > 2 else inputs[::-1]
    dims = len(positions)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if dims == 1:
        layers["channels"] = ChannelsFirst()
    for i in range(1, depth + 1):
        core = getattr(nn, f"Conv{dims}d")(channels, width, kernel, padding="same", groups=groups if i > 1 else 1)
        skips = residual and channels == width
        layers[f"hidden{i}"] = hidden("conv", core, norm(width, dims), activation(), placement, dropout, skips)
        channels = width
        if pool and i % pool == 0 and min(positions) >= 4:
            layers[f"pool{i}"] = Halved(dims)
            positions = [size // 2 for size in positions]
    layers["mean"] = MeanOverPositions()
    layers["out"] = nn.Linear(width, outputs)
    return nn.Sequential(layers)


class Convolutional(Model):
    """A convolutional model for data of any number of dimensions; a subclass sets the number."""

    def check(self, shape: Shape, params: Params) -> None:
        if params.width % params.groups:
            divisors = [n for n in range(1, min(params.width, 4096) + 1) if params.width % n == 0]
            msg = say(
                "{groups} groups do not divide {width} channels; allowed: {list}",
                groups=params.groups,
                width=params.width,
                list=", ".join(map(str, divisors[-12:])),
            )
            raise Refused("groups", msg, params.groups)

    def build(self, shape: Shape, params: Params, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        return convolutional(
            shape.inputs,
            shape.outputs,
            params.depth,
            params.width,
            params.kernel,
            params.groups,
            params.pool,
            params.dropout,
            params.residual,
            norm,
            activation,
            placement,
        )
