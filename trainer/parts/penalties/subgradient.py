from collections.abc import Sequence

import torch

from trainer.parts.penalties import Penalty
from trainer.registry import Texts, register


@register("penalty", "subgradient")
class Subgradient(Penalty):
    texts = Texts(
        label={"en": "Subgradient", "ko": "열미분"},
        text={
            "en": "The gradient of l1·Σ|w| + l2·Σw² is added to the loss's own, with sign(0) = 0. L1 then makes weights small, but "
            "almost never exactly zero.",
            "ko": "l1·Σ|w| + l2·Σw²의 기울기를 손실의 기울기에 더합니다(sign(0) = 0). L1은 가중치를 작게 만들지만 정확히 0으로 만드는 일은 드뭅니다.",
        },
        source="https://www.deeplearningbook.org/contents/regularization.html",
    )

    def add_gradient(self, weights: Sequence[torch.Tensor], l1: float, l2: float) -> None:
        """In place on every `.grad`: + l1·sign(w) + 2·l2·w."""
        gradients = [w.grad for w in weights if w.grad is not None]
        held = [w.detach() for w in weights if w.grad is not None]
        if l1:
            torch._foreach_add_(gradients, torch._foreach_sign(held), alpha=l1)
        if l2:
            torch._foreach_add_(gradients, held, alpha=2 * l2)
