from typing import ClassVar

import torch
from torch import nn

from trainer.parts.norms import Norm, OfAllPositions, eps_field, momentum_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    eps: float = eps_field()
    momentum: float = momentum_field()
    shift: float = described(
        0.5,
        label=("Shift", "이동"),
        help=("Each step moves each channel by a draw from ± this.", "스텝마다 채널을 ± 이 값 안에서 뽑은 만큼 옮긴다."),
        ge=0,
        le=10,
        span=(0, 2),
    )
    spread: float = described(
        1.25,
        label=("Spread", "퍼짐"),
        help=(
            "and stretches it by a draw between 1/this and this; 1 for none.",
            "1/이 값과 이 값 사이에서 뽑은 배수로 늘인다. 1이면 하지 않는다.",
        ),
        ge=1,
        le=10,
        span=(1, 3),
    )


class Noise(nn.Module):
    """In train mode, scales and shifts each channel of [n, channels, …] by amounts that are drawn anew at each step."""

    def __init__(self, shift: float, spread: float) -> None:
        super().__init__()
        self._shift, self._spread = shift, spread

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        one_a_channel = (1, x.shape[1], *[1] * (x.ndim - 2))
        mean = self._shift * (2 * torch.rand(one_a_channel) - 1)
        scale = self._spread ** (2 * torch.rand(one_a_channel) - 1)
        return x * scale + mean


@register("norm", "batch_noise", Params)
class BatchNoise(Norm):
    texts = Texts(
        label={"en": "Noisy batch normalisation", "ko": "노이즈 배치 정규화"},
        text={
            "en": "Batch normalisation, and then each channel moved and stretched by amounts that are drawn anew at every step: the covariate shift that batch normalisation was said to remove is put back by force. If training is as good all the same, its merit lies elsewhere (Santurkar et al. 2018).",
            "ko": "배치 정규화 뒤에 채널마다 스텝마다 새로 뽑은 만큼 옮기고 늘입니다. 배치 정규화가 없앤다던 공변량 변화를 억지로 되돌려 놓는 셈입니다. 그래도 훈련이 그만큼 잘 되면 효과의 까닭은 다른 데 있습니다(Santurkar 외, 2018).",
        },
        source="https://arxiv.org/abs/1805.11604",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"], "min_batch": 2}
    needs_two: ClassVar[bool] = True

    def build(self, channels: int, dims: int, params: Params, last: bool) -> nn.Module:
        norm = getattr(nn, f"BatchNorm{max(dims, 1)}d")(channels, eps=params.eps, momentum=params.momentum)
        both = nn.Sequential(norm, Noise(params.shift, params.spread))
        return OfAllPositions(both) if last else both

    def adjust(self, model: nn.Module, params: Params) -> None:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.momentum = params.momentum
