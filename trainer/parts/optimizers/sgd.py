from typing import Any, ClassVar

import torch
from pydantic import model_validator

from dynascope.sentence import say
from trainer.parts.optimizers import Optimizer, decay_field, lr_field, momentum_field
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    lr: float = lr_field(0.1)
    momentum: float = momentum_field(0.9)
    nesterov: StrictBool = described(
        False, label=("Nesterov", "네스테로프"), help=("Looks ahead by the momentum.", "모멘텀만큼 앞을 본다."), live=True
    )
    weight_decay: float = decay_field()

    @model_validator(mode="after")
    def looks_ahead(self) -> "Params":
        if self.nesterov and not self.momentum:
            raise ValueError(say("nesterov needs a momentum above 0"))
        return self


@register("optimizer", "sgd", Params)
class Sgd(Optimizer):
    texts = Texts(
        label={"en": "SGD", "ko": "SGD"},
        text={
            "en": "A step against the gradient of one mini-batch, with momentum as a running sum of past steps. Plain, well understood, and sensitive to its learning rate.",
            "ko": "미니배치 하나의 기울기 반대 방향으로 움직이고, 모멘텀은 지난 스텝을 이어 갑니다. 단순하고 잘 알려져 있으며 학습률에 민감합니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
    )
    of_torch: ClassVar[type[torch.optim.Optimizer]] = torch.optim.SGD

    def settings(self, params: Params) -> dict[str, Any]:
        return {"lr": params.lr, "momentum": params.momentum, "nesterov": params.nesterov, "weight_decay": params.weight_decay}
