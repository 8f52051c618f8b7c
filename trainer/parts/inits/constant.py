import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    value: float = described(
        0.1, label=("Value", "값"), help=("What every weight begins at.", "모든 가중치의 처음 값."), ge=-100, le=100, span=(-1, 1)
    )
    bias: float = described(
        0.0,
        label=("Random biases", "무작위 편향 값"),
        help=("Deviation of biases from a normal draw; 0 for biases of zero.", "정규분포에서 뽑는 편향 값의 표준편차. 0이면 편향 값이 0."),
        ge=0,
        le=100,
        span=(0, 1),
    )


@register("init", "constant", Params)
class Constant(Init):
    texts = Texts(
        label={"en": "Constant", "ko": "상수"},
        text={
            "en": "Every weight begins at the same value. All units of a layer then compute the same and get the same gradient, so they stay copies of each other: the symmetry is never broken. Use it to see that happen.",
            "ko": "모든 가중치가 같은 값에서 시작합니다. 한 계층의 유닛이 모두 같은 값을 계산하고 같은 기울기를 받아 서로의 복사본으로 남습니다. 대칭이 깨지지 않는 모습을 볼 때 씁니다.",
        },
        source="https://www.deeplearningbook.org/contents/optimization.html",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        weight.fill_(params.value)

    def bias(self, bias: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        bias.normal_(generator=generator).mul_(params.bias)
