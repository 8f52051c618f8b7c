import math

import torch

from trainer.parts.inits import Fan, FanMode, Gain, Init, fan_field, gain_field, gain_of
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    fan_mode: FanMode = fan_field()
    gain: Gain = gain_field("auto")


@register("init", "kaiming_uniform", Params)
class KaimingUniform(Init):
    texts = Texts(
        label={"en": "Kaiming (He) uniform", "ko": "카이밍(허) 균등"},
        text={
            "en": "Uniform on ±gain·√(3 / fan): the same variance as the normal form, without its tails. With the gain √2 it keeps the size of signals through many ReLU layers.",
            "ko": "±게인·√(3 / fan) 사이의 균등분포에서 뽑습니다. 정규 형태와 분산이 같고 꼬리가 없습니다. 게인 √2로 여러 ReLU 계층을 지나도 신호의 크기를 지킵니다.",
        },
        source="https://arxiv.org/abs/1502.01852",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        count = fan.fan_in if params.fan_mode == "fan_in" else fan.fan_out
        weight.uniform_(-1, 1, generator=generator).mul_(gain_of(params.gain, fan) * math.sqrt(3 / count))
