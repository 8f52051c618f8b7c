import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    std: float = described(
        0.01,
        label=("Deviation σ", "표준편차 σ"),
        help=("The same for every layer, whatever its width.", "너비와 관계없이 모든 계층에 같다."),
        gt=0,
        le=100,
        scale="log",
        span=(1e-3, 1),
    )
    mean: float = described(0.0, label=("Mean", "평균"), help=("Of every weight.", "모든 가중치의 평균."), ge=-10, le=10)


@register("init", "normal", Params)
class Normal(Init):
    texts = Texts(
        label={"en": "Normal", "ko": "정규분포"},
        text={
            "en": "Weights are drawn from one normal distribution, the same for every layer. Units differ, so symmetry is broken, but in a deep network a σ that does not fit the width makes signals die out or blow up from layer to layer.",
            "ko": "모든 계층의 가중치를 같은 정규분포에서 뽑습니다. 유닛이 서로 달라 대칭은 깨지지만, 깊은 망에서 σ가 너비와 맞지 않으면 신호가 계층을 지나며 사라지거나 커집니다.",
        },
        source="https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        weight.normal_(generator=generator).mul_(params.std).add_(params.mean)
