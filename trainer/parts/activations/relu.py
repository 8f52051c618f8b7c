import math

from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "relu")
class Relu(Activation):
    texts = Texts(
        label={"en": "ReLU", "ko": "ReLU"},
        text={
            "en": "max(0, z). Cheap, and its gradient does not shrink for positive inputs; a unit whose input is never positive gets no gradient at all and is dead.",
            "ko": "max(0, z). 계산이 싸고 양의 입력에서 기울기가 줄지 않습니다. 입력이 언제나 0 이하인 유닛은 기울기를 받지 못하는 죽은 뉴런이 됩니다.",
        },
        source="https://proceedings.mlr.press/v15/glorot11a.html",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.ReLU()

    def gain(self, params: NoParams) -> float:
        return math.sqrt(2)
