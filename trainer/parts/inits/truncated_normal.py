import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    std: float = described(
        0.02,
        label=("Deviation σ", "표준편차 σ"),
        help=("Before the cut; the same for every layer.", "자르기 전의 값. 모든 계층에 같다."),
        gt=0,
        le=100,
        scale="log",
        span=(1e-3, 1),
    )
    cut: float = described(
        2.0, label=("Cut", "절단"), help=("In deviations, on both sides.", "표준편차의 몇 배에서 자르는지."), ge=0.5, le=10, span=(0.5, 4)
    )


@register("init", "truncated_normal", Params)
class TruncatedNormal(Init):
    texts = Texts(
        label={"en": "Truncated normal", "ko": "절단 정규분포"},
        text={
            "en": "A normal distribution whose draws beyond cut · σ are drawn again, so no weight begins far out. σ is the deviation before the cut: at a cut of 2 what remains has 0.88 σ.",
            "ko": "절단 · σ보다 먼 값은 다시 뽑는 정규분포라서 지나치게 큰 가중치로 시작하지 않습니다. σ는 자르기 전의 표준편차이며, 2σ에서 자르면 0.88σ가 남습니다.",
        },
        source="https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        torch.nn.init.trunc_normal_(weight, 0, 1, -params.cut, params.cut, generator=generator)
        weight.mul_(params.std)
