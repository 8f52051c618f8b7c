from typing import Any, ClassVar

import torch

from trainer.parts.optimizers import Optimizer, beta_field, decay_field, eps_field, lr_field, momentum_field
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    lr: float = lr_field(1e-3)
    alpha: float = beta_field(0.99, "α", "Memory of the squared gradient.", "기울기 제곱의 기억.")
    momentum: float = momentum_field(0.0)
    eps: float = eps_field(1e-8)
    weight_decay: float = decay_field()


@register("optimizer", "rmsprop", Params)
class RmsProp(Optimizer):
    texts = Texts(
        label={"en": "RMSprop", "ko": "RMSprop"},
        text={
            "en": "Each coordinate is divided by a running root mean square of its gradients. Adam without the memory of the mean; an old favourite for recurrent networks.",
            "ko": "좌표마다 기울기의 이동 제곱 평균 제곱근으로 나눕니다. 기울기 평균을 기억하지 않는 Adam과 같고, 순환망에서 오래 쓰였습니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html",
    )
    of_torch: ClassVar[type[torch.optim.Optimizer]] = torch.optim.RMSprop
    implementation: ClassVar[str] = "foreach"  # torch has no fused RMSprop
    scalar_lr: ClassVar[bool] = False

    def ready(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if group["momentum"] > 0 and optimizer.state[parameter]:
                    optimizer.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))

    def settings(self, params: Params) -> dict[str, Any]:
        return {
            "lr": params.lr,
            "alpha": params.alpha,
            "momentum": params.momentum,
            "eps": params.eps,
            "weight_decay": params.weight_decay,
        }
