from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "selu")
class Selu(Activation):
    texts = Texts(
        label={"en": "SELU", "ko": "SELU"},
        text={
            "en": "A scaled exponential unit whose constants draw mean and variance of the activations towards 0 and 1 without any normalisation, if weights begin with variance 1/fan_in.",
            "ko": "활성값의 평균과 분산이 정규화 없이도 0과 1로 끌려가도록 상수를 정한 지수 유닛입니다. 가중치의 처음 분산이 1/fan_in이어야 합니다.",
        },
        source="https://arxiv.org/abs/1706.02515",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.SELU()

    def gain(self, params: NoParams) -> float:
        return 3 / 4
