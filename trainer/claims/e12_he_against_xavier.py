from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class HeAgainstXavier(Claim):
    id: ClassVar[str] = "E12"
    label: ClassVar[Words] = {"en": "He against Xavier at depth", "ko": "깊은 망에서 허와 제이비어"}
    criterion: ClassVar[Words] = {
        "en": "Depth 30: Xavier stays within 0.02 of ln 10 and He gets below 1.5; depth 22: both learn (below 2.2), He lower.",
        "ko": "깊이 30: 제이비어는 ln 10에서 0.02 안에 머물고 허는 1.5 아래로 간다. 깊이 22: 둘 다 배우고(2.2 미만) 허가 더 낮다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "xavier_30", {"en": "|loss(Xavier, 30) − ln 10|", "ko": "|손실(제이비어, 30) − ln 10|"}, above=None, below=0.02, strict=False
        ),
        Bound("he_30", {"en": "loss(He, 30)", "ko": "손실(허, 30)"}, above=None, below=1.5, strict=True),
        Bound("xavier_22", {"en": "loss(Xavier, 22)", "ko": "손실(제이비어, 22)"}, above=None, below=2.2, strict=True),
        Bound(
            "difference_22",
            {"en": "loss(Xavier, 22) − loss(He, 22)", "ko": "손실(제이비어, 22) − 손실(허, 22)"},
            above=0,
            below=None,
            strict=True,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {37: "supports", 49: "supports", 53: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.01852"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "training loss", "ko": "훈련 손실"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
