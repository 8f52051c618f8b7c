from collections.abc import Sequence
from typing import ClassVar

import torch

from trainer.parts.penalties import Penalty
from trainer.registry import Texts, register


@register("penalty", "proximal")
class Proximal(Penalty):
    texts = Texts(
        label={"en": "Proximal", "ko": "근접"},
        text={
            "en": "After each step the weights move to the minimum of penalty plus squared distance: L1 cuts lr·λ off and stops at exactly zero, L2 divides by 1 + 2·lr·λ. This is how the lasso gets true zeros.",
            "ko": "스텝마다 가중치를 벌점과 거리 제곱의 합이 가장 작은 곳으로 옮깁니다. L1은 lr·λ만큼 깎되 정확히 0에서 멈추고, L2는 1 + 2·lr·λ로 나눕니다. 라쏘가 진짜 0을 만드는 방법입니다.",
        },
        source="https://web.stanford.edu/~boyd/papers/prox_algs.html",
    )
    needs_scalar_lr: ClassVar[bool] = True

    def shrink(self, weights: Sequence[torch.Tensor], lr: float, l1: float, l2: float) -> None:
        with torch.no_grad():
            for w in weights:
                if l1:
                    w.copy_(w.sign() * (w.abs() - lr * l1).clamp_(min=0))
                if l2:
                    w.div_(1 + 2 * lr * l2)
