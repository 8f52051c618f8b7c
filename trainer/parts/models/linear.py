import math
from collections import OrderedDict
from typing import ClassVar

from torch import nn

from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Model, Norm
from trainer.registry import NoParams, Texts, register


@register("model", "linear")
class Linear(Model):
    texts = Texts(
        label={"en": "Linear", "ko": "선형"},
        text={
            "en": "One linear layer from inputs to outputs: softmax regression for classes. It has no hidden layer, so there is nothing to "
            "normalise; a baseline that every deeper network has to beat.",
            "ko": "입력에서 출력으로 가는 선형 계층 하나이며, 분류에서는 소프트맥스 회귀입니다. 은닉층이 없어 정규화할 것도 없고, 깊은 망이 넘어서야 할 기준입니다.",
        },
        source="https://www.deeplearningbook.org/contents/ml.html",
    )
    works_with: ClassVar = {"layouts": ["vector"], "hidden": False}

    def build(self, shape: Shape, params: NoParams, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        return nn.Sequential(OrderedDict(out=nn.Linear(math.prod(shape.inputs), shape.outputs)))

    def adjust(self, model: nn.Module, params: NoParams) -> None:
        """A linear model has nothing to adjust."""
