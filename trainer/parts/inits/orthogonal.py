import torch

from trainer.parts.inits import Fan, Gain, Init, gain_field, gain_of
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    gain: Gain = gain_field(1.0)


@register("init", "orthogonal", Params)
class Orthogonal(Init):
    texts = Texts(
        label={"en": "Orthogonal", "ko": "직교"},
        text={
            "en": "Rows or columns, whichever are fewer, are orthonormal, times the gain: a linear layer then keeps lengths and angles. From the QR decomposition of a normal draw; at home in recurrent networks, and good in deep tanh ones.",
            "ko": "행과 열 가운데 적은 쪽이 정규 직교이고 게인을 곱합니다. 선형 계층이 길이와 각도를 지킵니다. 정규분포에서 뽑은 행렬의 QR 분해로 만들며, 순환망에서 널리 쓰고 깊은 tanh 망에도 좋습니다.",
        },
        source="https://arxiv.org/abs/1312.6120",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        torch.nn.init.orthogonal_(weight, gain_of(params.gain, fan), generator=generator)
