from typing import ClassVar

from torch import nn

from dynascope.sentence import say
from trainer.parts.norms import Norm, OverPositions, affine_field, eps_field
from trainer.registry import Refused, Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    groups: int = described(
        8,
        label=("Groups", "그룹 수"),
        help=("Must divide the layer's width.", "계층의 너비를 나누어떨어지게 해야 한다."),
        ge=1,
        le=65_536,
        strict=True,
        scale="log",
        span=(1, 64),
    )
    eps: float = eps_field()
    affine: StrictBool = affine_field()


@register("norm", "group", Params)
class Group(Norm):
    texts = Texts(
        label={"en": "Group normalisation", "ko": "그룹 정규화"},
        text={
            "en": "The channels of each example are split into groups, each shifted and scaled by its own mean and variance. Independent of the batch: the choice where batches are tiny. One group is layer normalisation, as many as channels are instance normalisation.",
            "ko": "예마다 채널을 여러 그룹으로 나누고 그룹마다 자기 평균과 분산으로 맞춥니다. 배치와 무관하므로 배치가 아주 작을 때 알맞습니다. 그룹이 하나면 계층 정규화, 채널 수만큼이면 인스턴스 정규화와 같습니다.",
        },
        source="https://arxiv.org/abs/1803.08494",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"]}

    def check(self, channels: int, dims: int, params: Params) -> None:
        divisors = [n for n in range(1, channels + 1) if channels % n == 0]
        if dims == 0 and channels == 1:
            raise Refused(
                "name", say("would have one value to normalise, and that minus its mean is zero; take a width of 2 or more"), self.name
            )
        if dims == 0:
            divisors = divisors[:-1]  # with one channel per group, x − x is zero
        if params.groups not in divisors:
            several = ", ".join(map(str, divisors[-12:]))
            why = (
                say("would leave one value a group, and that minus its mean is zero")
                if params.groups == channels and dims == 0
                else say("does not divide it")
            )
            raise Refused(
                "groups",
                say(
                    "{groups} groups over {channels} channels: {why}; allowed: {several}",
                    groups=params.groups,
                    channels=channels,
                    why=why,
                    several=several,
                ),
                params.groups,
            )

    def build(self, channels: int, dims: int, params: Params, last: bool) -> nn.Module:
        norm = nn.GroupNorm(params.groups, channels, eps=params.eps, affine=params.affine)
        return OverPositions(norm) if last else norm
