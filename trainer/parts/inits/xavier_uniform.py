import math

import torch

from trainer.parts.inits import Fan, Gain, Init, gain_field, gain_of
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    gain: Gain = gain_field(1.0)


@register("init", "xavier_uniform", Params)
class XavierUniform(Init):
    texts = Texts(
        label={"en": "Xavier (Glorot) uniform", "ko": "제이비어(글로럿) 균등"},
        text={
            "en": "Uniform on ±gain·√(6 / (fan_in + fan_out)): a compromise between keeping the variance of activations on the way forward and of gradients on the way back. Made for tanh and other functions that are linear near zero.",
            "ko": "±게인·√(6 / (fan_in + fan_out)) 사이의 균등분포에서 뽑습니다. 순전파의 활성값과 역전파의 기울기 분산을 함께 지키려는 절충입니다. tanh처럼 0 근처에서 선형인 활성화 함수에 알맞습니다.",
        },
        source="https://proceedings.mlr.press/v9/glorot10a.html",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        bound = gain_of(params.gain, fan) * math.sqrt(6 / (fan.fan_in + fan.fan_out))
        weight.uniform_(-1, 1, generator=generator).mul_(bound)
