from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "silu")
class Silu(Activation):
    texts = Texts(
        label={"en": "SiLU", "ko": "SiLU"},
        text={
            "en": "z · sigmoid(z), also called swish: smooth everywhere, close to ReLU for large inputs, with a gradient for moderately negative ones.",
            "ko": "z · sigmoid(z), 스위시라고도 합니다. 어디서나 매끄럽고 큰 입력에서는 ReLU에 가까우며, 조금 음수인 입력에도 기울기가 있습니다.",
        },
        source="https://arxiv.org/abs/1702.03118",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.SiLU()
