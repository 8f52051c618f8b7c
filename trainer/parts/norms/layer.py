from typing import ClassVar, Literal

from torch import nn

from dynascope.sentence import say
from trainer.parts.norms import AtPositions, Norm, OverPositions, affine_field, eps_field
from trainer.registry import Refused, Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    eps: float = eps_field()
    affine: StrictBool = affine_field()
    over: Literal["auto", "all", "channels"] = described(
        "auto",
        label=("Over", "범위"),
        help=(
            "all: channels and positions together (C, H, W); channels: each position by itself. auto: channels in recurrent networks and "
            "transformers, all in convolutional ones.",
            "all: 채널과 위치를 함께(C, H, W). channels: 위치마다 따로. auto: 순환망과 트랜스포머에서는 channels, 합성곱망에서는 all.",
        ),
    )


@register("norm", "layer", Params)
class Layer(Norm):
    texts = Texts(
        label={"en": "Layer normalisation", "ko": "계층 정규화"},
        text={
            "en": "Each example is shifted and scaled by its own mean and variance over all units of the layer; of a convolution, all channels and positions together (not each channel: that is instance normalisation). Independent of the "
            "batch, the same in training and evaluation; at home in recurrent networks and transformers.",
            "ko": "예마다 그 계층의 모든 유닛에 걸친 평균과 분산으로 맞춥니다. 합성곱에서는 모든 채널과 위치를 함께 봅니다(채널마다 따로 보는 것은 인스턴스 정규화입니다). 배치와 무관하고 훈련과 평가에서 같으며, 순환망과 트랜스포머에서 널리 씁니다.",
        },
        source="https://arxiv.org/abs/1607.06450",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"]}

    def check(self, channels: int, dims: int, params: Params) -> None:
        if channels == 1 and (dims == 0 or params.over == "channels"):
            raise Refused(
                "name", say("would have one value to normalise, and that minus its mean is zero; take a width of 2 or more"), self.name
            )

    def check_padded(self, params: Params) -> None:
        if params.over == "all":
            msg = say("all would count the padding of shorter sequences; use channels or auto, which look at one position")
            raise Refused("over", msg, params.over)

    def build(self, channels: int, dims: int, params: Params, last: bool) -> nn.Module:
        together = params.over == "all" or (params.over == "auto" and not last)
        if dims and together:  # layer norm over (C, H, W) with γ and β per channel is group norm with one group
            norm = nn.GroupNorm(1, channels, eps=params.eps, affine=params.affine)
            return OverPositions(norm) if last else norm
        at = nn.LayerNorm(channels, eps=params.eps, elementwise_affine=params.affine)
        return at if last or not dims else AtPositions(at)
