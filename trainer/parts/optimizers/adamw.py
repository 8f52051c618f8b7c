from typing import Any, ClassVar

import torch

from trainer.parts.optimizers import Optimizer, beta_field, eps_field, lr_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    lr: float = lr_field(1e-3)
    beta1: float = beta_field(0.9, "β₁", "Memory of the mean gradient.", "기울기 평균의 기억.")
    beta2: float = beta_field(0.999, "β₂", "Memory of the squared gradient.", "기울기 제곱의 기억.")
    eps: float = eps_field(1e-8)
    weight_decay: float = described(
        0.01,
        label=("Weight decay (decoupled)", "가중치 감쇠(분리형)"),
        help=(
            "The optimizer's own: w shrinks by lr·λ·w, biases and norms too.",
            "옵티마이저 자체의 감쇠. 모든 매개변수가 lr·λ·w만큼 줄어든다.",
        ),
        live=True,
        ge=0,
        le=10,
        scale="log",
        span=(1e-6, 1),
    )


@register("optimizer", "adamw", Params)
class AdamW(Optimizer):
    texts = Texts(
        label={"en": "AdamW", "ko": "AdamW"},
        text={
            "en": "Adam whose weight decay is decoupled: weights shrink by lr · λ each step, apart from the gradient and its scaling. The usual choice for transformers; its λ acts on every parameter.",
            "ko": "가중치 감쇠를 떼어 낸 Adam입니다. 기울기와 그 조절과 따로, 스텝마다 lr · λ만큼 가중치를 줄입니다. 트랜스포머에서 흔히 쓰며 λ는 모든 매개변수에 작용합니다.",
        },
        source="https://arxiv.org/abs/1711.05101",
    )
    of_torch: ClassVar[type[torch.optim.Optimizer]] = torch.optim.AdamW
    scalar_lr: ClassVar[bool] = False

    def settings(self, params: Params) -> dict[str, Any]:
        return {"lr": params.lr, "betas": (params.beta1, params.beta2), "eps": params.eps, "weight_decay": params.weight_decay}
