from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class CostOfL1(Claim):
    id: ClassVar[str] = "E15"
    label: ClassVar[Words] = {"en": "What L1 costs", "ko": "L1의 비용"}
    criterion: ClassVar[Words] = {
        "en": "The ratio of step times, L1 over L2 interleaved, has an interval that lies in [0.9, 1.1].",
        "ko": "번갈아 잰 L1과 L2 스텝 시간의 비의 구간이 [0.9, 1.1] 안에 있다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("low", {"en": "lower end of the ratio's interval", "ko": "비의 구간의 아래 끝"}, above=0.9, below=None, strict=False),
        Bound("high", {"en": "upper end of the ratio's interval", "ko": "비의 구간의 위 끝"}, above=None, below=1.1, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {73: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/0912.3481"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "block", "ko": "블록"}, {"en": "time of a step, L1 / L2", "ko": "스텝 시간, L1 / L2"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
