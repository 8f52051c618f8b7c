import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    bound: float = described(
        0.1,
        label=("Bound", "한계"),
        help=("The largest weight; the deviation is bound / √3.", "가장 큰 가중치. 표준편차는 한계 / √3."),
        gt=0,
        le=100,
        scale="log",
        span=(1e-3, 1),
    )


@register("init", "uniform", Params)
class Uniform(Init):
    texts = Texts(
        label={"en": "Uniform", "ko": "균등분포"},
        text={
            "en": "Weights are drawn evenly from −bound to bound, the same for every layer. Symmetry is broken; whether signals survive a deep network depends on how the bound fits the width.",
            "ko": "모든 계층의 가중치를 −한계에서 한계까지 고르게 뽑습니다. 대칭은 깨지지만, 깊은 망에서 신호가 살아남는지는 한계가 너비와 맞는지에 달렸습니다.",
        },
        source="https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        weight.uniform_(-1, 1, generator=generator).mul_(params.bound)
