from typing import ClassVar

from torch import nn

from trainer.parts.norms import AtPositions, Norm, eps_field
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    eps: float = eps_field()
    affine: StrictBool = described(
        True, label=("Learn γ", "γ 학습"), help=("A scale after it; there is no shift.", "정규화 뒤의 크기. 이동은 없다.")
    )


@register("norm", "rms", Params)
class Rms(Norm):
    texts = Texts(
        label={"en": "RMS normalisation", "ko": "RMS 정규화"},
        text={
            "en": "Each example is divided by the root mean square of its own units, of a convolution at each position; the mean is not taken away. Cheaper than layer normalisation and as good in large transformers.",
            "ko": "예마다(합성곱에서는 위치마다) 자기 유닛들의 제곱 평균 제곱근으로 나누고 평균은 빼지 않습니다. 계층 정규화보다 계산이 싸고 큰 트랜스포머에서 그만큼 잘 됩니다.",
        },
        source="https://arxiv.org/abs/1910.07467",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"]}
    by_position: ClassVar[bool] = True

    def build(self, channels: int, dims: int, params: Params, last: bool) -> nn.Module:
        norm = nn.RMSNorm(channels, eps=params.eps, elementwise_affine=params.affine)
        return norm if last or not dims else AtPositions(norm)
