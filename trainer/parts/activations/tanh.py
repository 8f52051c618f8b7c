from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import NoParams, Texts, register


@register("activation", "tanh")
class Tanh(Activation):
    texts = Texts(
        label={"en": "tanh", "ko": "tanh"},
        text={
            "en": "Squashes to (−1, 1), is linear near zero and centred there. Large inputs saturate it: its gradient vanishes at both ends.",
            "ko": "값을 (−1, 1)로 누릅니다. 0 근처에서는 선형이고 0을 중심으로 합니다. 입력이 크면 포화되어 양 끝에서 기울기가 사라집니다.",
        },
        source="https://proceedings.mlr.press/v9/glorot10a.html",
    )

    def build(self, params: NoParams) -> nn.Module:
        return nn.Tanh()

    def gain(self, params: NoParams) -> float:
        return 5 / 3
