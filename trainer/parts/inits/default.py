import math

import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import NoParams, Texts, register


@register("init", "default")
class Default(Init):
    texts = Texts(
        label={"en": "PyTorch’s own", "ko": "PyTorch 기본값"},
        text={
            "en": "What PyTorch’s layers do by themselves: weights and biases uniform on ±1/√fan_in (recurrent ones by their state’s size). The deviation is 1/√(3·fan_in), less than half of He’s, so in a deep ReLU network signals shrink from layer to layer.",
            "ko": "PyTorch의 계층이 스스로 하는 방식으로(순환 계층은 상태의 크기로), 가중치와 편향 값을 ±1/√fan_in 사이의 균등분포에서 뽑습니다. 표준편차가 1/√(3·fan_in)로 허 초기화의 절반도 안 되어, 깊은 ReLU 망에서는 신호가 계층마다 줄어듭니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: NoParams, generator: torch.Generator) -> None:
        if fan.own == 0:
            weight.normal_(generator=generator)
        else:
            weight.uniform_(-1, 1, generator=generator).mul_(1 / math.sqrt(fan.own or fan.fan_in))

    def bias(self, bias: torch.Tensor, fan: Fan, params: NoParams, generator: torch.Generator) -> None:
        bias.uniform_(-1, 1, generator=generator).mul_(1 / math.sqrt(fan.own or fan.fan_in))
