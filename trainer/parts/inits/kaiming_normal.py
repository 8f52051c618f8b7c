import math

import torch

from trainer.parts.inits import Fan, FanMode, Gain, Init, fan_field, gain_field, gain_of
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    fan_mode: FanMode = fan_field()
    gain: Gain = gain_field("auto")


@register("init", "kaiming_normal", Params)
class KaimingNormal(Init):
    texts = Texts(
        label={"en": "Kaiming (He) normal", "ko": "카이밍(허) 정규"},
        text={
            "en": "Normal with deviation gain/√fan. With the gain √2 it makes up for ReLU setting half of its inputs to zero, so signals keep their size through many layers. The usual choice for ReLU networks.",
            "ko": "표준편차가 게인/√fan인 정규분포에서 뽑습니다. 게인 √2는 ReLU가 입력의 절반을 0으로 만드는 것을 보상하여 신호의 크기가 여러 계층을 지나도 유지됩니다. ReLU 망에서 흔히 고르는 방법입니다.",
        },
        source="https://arxiv.org/abs/1502.01852",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        count = fan.fan_in if params.fan_mode == "fan_in" else fan.fan_out
        weight.normal_(generator=generator).mul_(gain_of(params.gain, fan) / math.sqrt(count))
