import math

import torch

from trainer.parts.inits import Fan, Gain, Init, gain_field, gain_of
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    gain: Gain = gain_field(1.0)


@register("init", "xavier_normal", Params)
class XavierNormal(Init):
    texts = Texts(
        label={"en": "Xavier (Glorot) normal", "ko": "제이비어(글로럿) 정규"},
        text={
            "en": "Normal with deviation gain·√(2 / (fan_in + fan_out)): the same compromise between forward and backward variance as the uniform form, with a few larger weights. Made for tanh and other functions that are linear near zero.",
            "ko": "표준편차가 게인·√(2 / (fan_in + fan_out))인 정규분포에서 뽑습니다. 균등 형태와 같은 절충이며 더 큰 가중치가 조금 섞입니다. tanh처럼 0 근처에서 선형인 활성화 함수에 알맞습니다.",
        },
        source="https://proceedings.mlr.press/v9/glorot10a.html",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        weight.normal_(generator=generator).mul_(gain_of(params.gain, fan) * math.sqrt(2 / (fan.fan_in + fan.fan_out)))
