from typing import Any, ClassVar

import torch

from trainer.parts.optimizers import Optimizer, beta_field, decay_field, eps_field, lr_field
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    lr: float = lr_field(1e-3)
    beta1: float = beta_field(0.9, "β₁", "Memory of the mean gradient.", "기울기 평균의 기억.")
    beta2: float = beta_field(0.999, "β₂", "Memory of the squared gradient.", "기울기 제곱의 기억.")
    eps: float = eps_field(1e-8)
    weight_decay: float = decay_field()


@register("optimizer", "adam", Params)
class Adam(Optimizer):
    texts = Texts(
        label={"en": "Adam", "ko": "Adam"},
        text={
            "en": "Each coordinate is scaled by the size of its own recent gradients. Needs little tuning. Its weight decay is L2 in the gradient, which the scaling weakens where gradients are large.",
            "ko": "좌표마다 최근 기울기의 크기로 스텝을 조절합니다. 조정이 적게 필요합니다. 여기의 가중치 감쇠는 기울기에 더하는 L2라서 기울기가 큰 곳에서 약해집니다.",
        },
        source="https://arxiv.org/abs/1412.6980",
    )
    of_torch: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adam
    scalar_lr: ClassVar[bool] = False

    def settings(self, params: Params) -> dict[str, Any]:
        return {"lr": params.lr, "betas": (params.beta1, params.beta2), "eps": params.eps, "weight_decay": params.weight_decay}
