from typing import ClassVar

from torch import nn

from trainer.parts.norms import Norm, affine_field, eps_field
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool


class Params(Strict):
    eps: float = eps_field()
    affine: StrictBool = affine_field()


@register("norm", "layer", Params)
class Layer(Norm):
    texts = Texts(
        label={"en": "Layer normalisation", "ko": "계층 정규화"},
        text={
            "en": "Each example is shifted and scaled by its own mean and variance over all units of the layer. Independent of the "
            "batch, the same in training and evaluation; at home in recurrent networks and transformers.",
            "ko": "예마다 그 계층의 모든 유닛에 걸친 평균과 분산으로 맞춥니다. 배치와 무관하고 훈련과 평가에서 같으며, 순환망과 트랜스포머에서 널리 씁니다.",
        },
        source="https://arxiv.org/abs/1607.06450",
    )
    works_with: ClassVar = {"layouts": ["vector"]}

    def build(self, channels: int, spatial_dims: int, params: Params) -> nn.Module:
        return nn.LayerNorm(channels, eps=params.eps, elementwise_affine=params.affine)
