import math

from torch import nn

from trainer.parts.activations import Activation
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    slope: float = described(
        0.01,
        label=("Slope", "음의 쪽 기울기"),
        help=("On the negative side.", "입력이 음수일 때의 기울기."),
        live=True,
        ge=0,
        lt=1,
        span=(0, 0.5),
    )


@register("activation", "leaky_relu", Params)
class LeakyRelu(Activation):
    texts = Texts(
        label={"en": "Leaky ReLU", "ko": "Leaky ReLU"},
        text={
            "en": "z for z > 0, slope · z otherwise. A small slope on the negative side keeps a gradient everywhere, so no unit can die.",
            "ko": "z > 0이면 z, 아니면 기울기 · z. 음의 쪽에도 작은 기울기가 있어 유닛이 죽지 않습니다.",
        },
        source="https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf",
    )

    def build(self, params: Params) -> nn.Module:
        return nn.LeakyReLU(params.slope)

    def gain(self, params: Params) -> float:
        return math.sqrt(2 / (1 + params.slope**2))

    def adjust(self, model: nn.Module, params: Params) -> None:
        for module in model.modules():
            if isinstance(module, nn.LeakyReLU):
                module.negative_slope = params.slope
