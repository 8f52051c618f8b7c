from collections.abc import Iterable

import torch

from trainer.parts.optimizers import decay_field, lr_field
from trainer.registry import Part, Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    lr: float = lr_field(1e-3)
    beta1: float = described(0.9, label=("β₁", "β₁"), help=("Memory of the mean gradient.", "기울기 평균의 기억."), ge=0, lt=1)
    beta2: float = described(0.999, label=("β₂", "β₂"), help=("Memory of the squared gradient.", "기울기 제곱의 기억."), ge=0, lt=1)
    eps: float = described(1e-8, label=("ε", "ε"), help=("Added to the denominator.", "분모에 더한다."), gt=0, le=1, scale="log")
    weight_decay: float = decay_field()


@register("optimizer", "adam", Params)
class Adam(Part):
    texts = Texts(
        label={"en": "Adam", "ko": "Adam"},
        text={
            "en": "Each coordinate is scaled by the size of its own recent gradients. Needs little tuning. Its weight decay is L2 in the "
            "gradient, which the scaling weakens where gradients are large.",
            "ko": "좌표마다 최근 기울기의 크기로 스텝을 조절합니다. 조정이 적게 필요합니다. 여기의 가중치 감쇠는 기울기에 더하는 L2라서 기울기가 큰 곳에서 약해집니다.",
        },
        source="https://arxiv.org/abs/1412.6980",
    )

    def build(self, params: Params, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        betas = (params.beta1, params.beta2)
        return torch.optim.Adam(parameters, lr=params.lr, betas=betas, eps=params.eps, weight_decay=params.weight_decay, foreach=True)
