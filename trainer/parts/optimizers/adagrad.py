from typing import Any, ClassVar

import torch

from trainer.parts.optimizers import Optimizer, decay_field, eps_field, lr_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    lr: float = lr_field(0.01)
    lr_decay: float = described(
        0.0, label=("Rate decay", "학습률 감쇠"), help=("lr / (1 + decay · step).", "lr / (1 + 감쇠 · 스텝)."), live=True, ge=0, le=1
    )
    eps: float = eps_field(1e-10)
    weight_decay: float = decay_field()


@register("optimizer", "adagrad", Params)
class Adagrad(Optimizer):
    texts = Texts(
        label={"en": "Adagrad", "ko": "Adagrad"},
        text={
            "en": "Each coordinate is divided by the root of the sum of all its squared gradients, so steps only ever get shorter. Made for sparse features; in long runs it slows down too far.",
            "ko": "좌표마다 지금까지 기울기 제곱의 합의 제곱근으로 나누므로 스텝은 줄어들기만 합니다. 희소한 특징에 알맞고, 오래 훈련하면 지나치게 느려집니다.",
        },
        source="https://jmlr.org/papers/v12/duchi11a.html",
    )
    of_torch: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adagrad
    scalar_lr: ClassVar[bool] = False

    def settings(self, params: Params) -> dict[str, Any]:
        return {"lr": params.lr, "lr_decay": params.lr_decay, "eps": params.eps, "weight_decay": params.weight_decay}
