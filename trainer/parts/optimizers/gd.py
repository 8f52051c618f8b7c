from typing import Any, ClassVar

import torch

from trainer.parts.optimizers import Optimizer, lr_field
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    lr: float = lr_field(0.1)


@register("optimizer", "gd", Params)
class Gd(Optimizer):
    texts = Texts(
        label={"en": "Gradient descent", "ko": "경사 하강법"},
        text={
            "en": "The plain step against the gradient of the whole training set: no batches, no momentum, no noise. It wants the batch size full, and shows a loss as it is, without the scatter of mini-batches.",
            "ko": "훈련 데이터 전체의 기울기 반대 방향으로 움직이는 가장 단순한 방법으로, 배치도 모멘텀도 노이즈도 없습니다. 배치 크기를 full로 두어야 하며, 미니배치의 흔들림이 없는 손실을 보여 줍니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
    )
    of_torch: ClassVar[type[torch.optim.Optimizer]] = torch.optim.SGD

    def settings(self, params: Params) -> dict[str, Any]:
        return {"lr": params.lr}
