import math
from collections import OrderedDict
from typing import ClassVar

from torch import nn

from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Model, Norm, depth_field, dropout_field, hidden, residual_field, width_field
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool


class Params(Strict):
    depth: int = depth_field(4)
    width: int = width_field(64)
    dropout: float = dropout_field()
    residual: StrictBool = residual_field()


@register("model", "mlp", Params)
class Mlp(Model):
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
        inputs, width = math.prod(shape.inputs), params.width
        for i in range(1, params.depth + 1):
            core, residual = nn.Linear(inputs, width), params.residual and inputs == width
            layers[f"hidden{i}"] = hidden("linear", core, norm(width, 0), activation(), placement, params.dropout, residual)
            inputs = width
        layers["out"] = nn.Linear(inputs, shape.outputs)
        return nn.Sequential(layers)
