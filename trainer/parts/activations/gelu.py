from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "gelu")
class Gelu(Activation):
    texts = Texts(
        label={"en": "GELU", "ko": "GELU"},
        text={
            "en": "z · Φ(z) with the normal distribution function Φ: a smooth ReLU that dips below zero. The usual choice in transformers.",
            "ko": "z · Φ(z)이며 Φ는 정규분포의 분포함수입니다. 0 아래로 살짝 내려가는 매끄러운 ReLU로, 트랜스포머에서 흔히 씁니다.",
        },
        source="https://arxiv.org/abs/1606.08415",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.GELU()
