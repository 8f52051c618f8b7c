import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import NoParams, Texts, register


@register("init", "zeros")
class Zeros(Init):
    texts = Texts(
        label={"en": "Zeros", "ko": "0"},
        text={
            "en": "Every weight begins at zero. In a network with hidden layers of ReLU or tanh no gradient reaches any weight but the last bias, so nothing is learnt; a linear model learns well from zero.",
            "ko": "모든 가중치가 0에서 시작합니다. ReLU나 tanh 은닉층이 있으면 마지막 편향 값 말고는 기울기가 닿지 않아 배우지 못합니다. 선형 모델은 0에서 시작해도 잘 배웁니다.",
        },
        source="https://www.deeplearningbook.org/contents/optimization.html",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: NoParams, generator: torch.Generator) -> None:
        weight.zero_()
