import math
from collections import OrderedDict
from typing import ClassVar

import torch
from torch import nn

from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Norm
from trainer.registry import Part, Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    depth: int = described(4, label=("Depth", "깊이"), help=("Hidden layers.", "은닉층의 수."), ge=1, le=200, strict=True, span=(1, 20))
    width: int = described(
        64,
        label=("Width", "너비"),
        help=("Units in each hidden layer.", "은닉층마다 유닛의 수."),
        ge=1,
        le=1_000_000,
        strict=True,
        scale="log",
        span=(1, 512),
    )
    dropout: float = described(
        0.0,
        label=("Dropout", "드롭아웃"),
        help=("Share of activations set to zero in training.", "훈련 중 0으로 두는 활성값의 비율."),
        live=True,
        ge=0,
        lt=1,
        span=(0, 0.9),
    )
    residual: StrictBool = described(
        False,
        label=("Residual", "잔차 연결"),
        help=("Adds each hidden layer's input to its output where both are of one width.", "너비가 같으면 은닉층의 입력을 출력에 더한다."),
    )


class Block(nn.Sequential):
    """One hidden layer. Its children are what it does, in order."""

    def __init__(self, residual: bool, children: "OrderedDict[str, nn.Module]") -> None:
        super().__init__(children)
        self._residual = residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = super().forward(x)
        return y + x if self._residual else y


@register("model", "mlp", Params)
class Mlp(Part):
    texts = Texts(
        label={"en": "MLP", "ko": "다층 퍼셉트론"},
        text={
            "en": "Hidden layers of one width, each linear → normalisation → activation (or the last two in turn), then a linear layer to the "
            "outputs. Depth makes signals travel; width decides how much a layer can hold.",
            "ko": "같은 너비의 은닉층이 선형 → 정규화 → 활성화 함수(또는 뒤의 둘을 바꾸어) 순서로 쌓이고 마지막에 선형 출력 계층이 옵니다. "
            "깊이는 신호가 지나는 길을, 너비는 계층이 담는 양을 정합니다.",
        },
        source="https://www.deeplearningbook.org/contents/mlp.html",
    )
    works_with: ClassVar = {"layouts": ["vector"], "hidden": True}

    def build(self, shape: Shape, params: Params, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        inputs = math.prod(shape.inputs)
        for i in range(1, params.depth + 1):
            parts = [("norm", norm(params.width, 0)), ("act", activation())]
            if placement == "after_activation":
                parts.reverse()
            children: OrderedDict[str, nn.Module] = OrderedDict(linear=nn.Linear(inputs, params.width))
            children.update((name, module) for name, module in parts if module is not None)
            if params.dropout:
                children["dropout"] = nn.Dropout(params.dropout)
            layers[f"hidden{i}"] = Block(params.residual and inputs == params.width, children)
            inputs = params.width
        layers["out"] = nn.Linear(inputs, shape.outputs)
        return nn.Sequential(layers)

    def adjust(self, model: nn.Module, params: Params) -> None:
        for block in model.children():
            if isinstance(block, Block) and (params.dropout or hasattr(block, "dropout")):
                block.add_module("dropout", nn.Dropout(params.dropout))
