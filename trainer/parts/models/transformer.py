import math
from collections import OrderedDict
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import nn

from dynascope.sentence import say
from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Model, Norm, depth_field, dropout_field, residual_field, width_field
from trainer.parts.models._sequences import ended
from trainer.registry import Refused, Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    depth: int = depth_field(2)
    width: int = width_field(32, ("Features of each position inside.", "안에서 자리마다 갖는 특징의 수."))
    heads: int = described(
        4,
        label=("Heads", "헤드"),
        help=("Attentions side by side; must divide the width.", "나란한 어텐션의 수. 너비를 나누어떨어지게 해야 한다."),
        ge=1,
        le=1024,
        strict=True,
        scale="log",
        span=(1, 16),
    )
    widen: int = described(
        2,
        label=("Widening", "확장"),
        help=("The feed-forward layer's width, in widths.", "순전파층의 너비(너비의 배수)."),
        ge=1,
        le=16,
        strict=True,
        span=(1, 8),
    )
    positions: Literal["fixed", "learnt"] = described(
        "fixed",
        label=("Positions", "위치"),
        help=("Sines and cosines, or an embedding that is learnt.", "사인·코사인 또는 학습하는 임베딩."),
    )
    dropout: float = dropout_field()
    residual: StrictBool = residual_field(True)


def sinusoids(positions: int, width: int) -> torch.Tensor:
    """float32[positions, width]: sines in even columns, cosines in odd ones (Vaswani et al. 2017)."""
    at = torch.arange(positions).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = torch.zeros(positions, width)
    table[:, 0::2] = torch.sin(at * rate)
    table[:, 1::2] = torch.cos(at * rate[: width // 2])
    return table


class Positions(nn.Module):
    """Adds a position encoding to each position."""

    def __init__(self, positions: int, width: int, learnt: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(positions, width) if learnt else None
        self.fixed: torch.Tensor
        self.register_buffer("fixed", torch.arange(positions) if learnt else sinusoids(positions, width), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + (self.table(self.fixed) if self.table is not None else self.fixed)


class Encoder(nn.Module):
    """One hidden layer: attention, then a feed-forward layer at each position, each with its norm and its residual connection."""

    def __init__(
        self, width: int, heads: int, wide: int, dropout: float, residual: bool, norm: Norm, activation: Activation, placement: str
    ) -> None:
        super().__init__()
        self._heads, self._residual, self._first = heads, residual, placement == "before_activation"
        norms = [norm(width, 1) or nn.Identity() for _ in range(2)]
        if self._first:
            self.norm1 = norms[0]
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.projection = nn.Linear(width, width)
        if not self._first:
            self.norm1 = norms[0]
        else:
            self.norm2 = norms[1]
        self.widen, self.act, self.narrow = nn.Linear(width, wide), activation(), nn.Linear(wide, width)
        if not self._first:
            self.norm2 = norms[1]
        self.dropout = nn.Dropout(dropout)

    def attend(self, x: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        q, k, v = (part(x).unflatten(2, (self._heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        mask = None if real is None else real[:, None, None, :]
        return self.projection(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))

    def feed(self, x: torch.Tensor) -> torch.Tensor:
        return self.narrow(self.act(self.widen(x)))

    def forward(self, x: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        for norm, act in ((self.norm1, lambda y: self.attend(y, real)), (self.norm2, self.feed)):
            y = self.dropout(act(norm(x) if self._first else x))
            x = x + y if self._residual else y
            x = x if self._first else norm(x)
        return x


class Encoders(nn.Module):
    """Stacked encoder layers; the mean over the real positions goes to `out`."""

    def __init__(self, embed: nn.Module, positions: nn.Module, layers: "OrderedDict[str, nn.Module]", out: nn.Module, padded: bool) -> None:
        super().__init__()
        self.embed, self.positions = embed, positions
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.out = out
        self._names, self._padded = list(layers), padded
        if padded:
            self.real_positions: torch.Tensor | None = None  # for measurements of the layers: padding is no activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        real = None
        if self._padded:
            x, real = ended(x)
            self.real_positions = real
        x = self.positions(self.embed(x))
        for name in self._names:
            x = self.get_submodule(name)(x, real)
        if real is None:
            return self.out(x.mean(1))
        return self.out((x * real.unsqueeze(2)).sum(1) / real.sum(1, keepdim=True))


@register("model", "transformer", Params)
class Transformer(Model):
    texts = Texts(
        label={"en": "Transformer encoder", "ko": "트랜스포머 인코더"},
        text={
            "en": "Every position attends to every other, padding left out, then passes a feed-forward layer; the mean over positions goes to the outputs. Norm placement before_activation is the norm before each part (pre-LN), after_activation the one behind it (post-LN). Layer or RMS norm is at home here.",
            "ko": "모든 자리가 서로를 주목하고(패딩은 빼고) 순전파층을 지나며, 자리에 걸친 평균이 출력으로 갑니다. 정규화 위치가 before_activation이면 각 부분 앞에(pre-LN), after_activation이면 뒤에(post-LN) 둡니다. 계층 정규화나 RMS 정규화가 알맞습니다.",
        },
        source="https://arxiv.org/abs/1706.03762",
    )
    works_with: ClassVar = {"layouts": ["sequence"], "hidden": True, "padded": True}
    channels_last: ClassVar[bool] = True

    def check(self, shape: Shape, params: Params) -> None:
        if params.width % params.heads:
            divisors = [n for n in range(1, params.width + 1) if params.width % n == 0][-12:]
            msg = say(
                "{heads} heads do not divide a width of {width}; allowed: {list}",
                heads=params.heads,
                width=params.width,
                list=", ".join(map(str, divisors)),
            )
            raise Refused("heads", msg, params.heads)

    def build(self, shape: Shape, params: Params, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        length, features = shape.inputs
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for i in range(1, params.depth + 1):
            layers[f"hidden{i}"] = Encoder(
                params.width,
                params.heads,
                params.width * params.widen,
                params.dropout,
                params.residual,
                norm,
                activation,
                placement,
            )
        positions = Positions(length, params.width, params.positions == "learnt")
        return Encoders(nn.Linear(features, params.width), positions, layers, nn.Linear(params.width, shape.outputs), shape.padded)

    def activated(self, name: str) -> bool:
        return name.endswith(".widen")

    def adjust(self, model: nn.Module, params: Params) -> None:
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = params.dropout
