from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "sigmoid")
class Sigmoid(Activation):
    texts = Texts(
        label={"en": "Sigmoid", "ko": "시그모이드"},
        text={
            "en": "Squashes to (0, 1). Its slope is 1/4 at the most, so gradients shrink in every layer: a deep stack of it hardly learns. Use it to see gradients vanish.",
            "ko": "값을 (0, 1)로 누릅니다. 기울기가 최대 1/4이라 계층을 지날 때마다 줄어들어 깊은 망은 거의 배우지 못합니다. 기울기 소실을 볼 때 씁니다.",
        },
        source="https://proceedings.mlr.press/v9/glorot10a.html",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.Sigmoid()
