from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "identity")
class Identity(Activation):
    texts = Texts(
        label={"en": "Identity", "ko": "항등"},
        text={
            "en": "Passes z as it is. However deep, the network then is one linear map; use it to study initialisation and gradients without a bend in the way.",
            "ko": "z를 그대로 넘깁니다. 아무리 깊어도 망 전체가 하나의 선형 변환이 됩니다. 굽힘 없이 초기화와 기울기를 살펴볼 때 씁니다.",
        },
        source="https://arxiv.org/abs/1312.6120",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.Identity()
