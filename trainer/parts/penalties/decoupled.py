from collections.abc import Sequence
from typing import ClassVar

import torch

from trainer.parts.penalties import Penalty
from trainer.registry import Texts, register


@register("penalty", "decoupled")
class Decoupled(Penalty):
    texts = Texts(
        label={"en": "Decoupled", "ko": "분리형"},
        text={
            "en": "L2 as weight decay apart from the gradient: before each step weights shrink by 2·lr·λ·w, whatever the optimizer makes of the gradient. With plain SGD it is the same as the penalty; with Adam it is AdamW’s. L1 has no such form.",
            "ko": "기울기와 따로 작용하는 L2 가중치 감쇠입니다. 옵티마이저가 기울기를 어떻게 쓰든 스텝마다 가중치가 2·lr·λ·w만큼 줄어듭니다. 단순한 SGD에서는 벌점과 같고 Adam에서는 AdamW의 방식입니다. L1에는 이런 형태가 없습니다.",
        },
        source="https://arxiv.org/abs/1711.05101",
    )
    terms: ClassVar[tuple[str, ...]] = ("l2",)

    def decay(self, weights: Sequence[torch.Tensor], lr: float, l1: float, l2: float) -> None:
        with torch.no_grad():
            for w in weights:
                w.mul_(1 - 2 * lr * l2)
