from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class DoubleDescent(Claim):
    id: ClassVar[str] = "E2"
    label: ClassVar[Words] = {"en": "Double descent", "ko": "이중 하강"}
    criterion: ClassVar[Words] = {
        "en": "The median test risk peaks at N in [180, 220], and var(3000) < 0.1 var(200).",
        "ko": "시험 위험의 중앙값이 N ∈ [180, 220]에서 가장 크고, 분산(3000) < 0.1 · 분산(200).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("peak", {"en": "N of the largest median risk", "ko": "위험의 중앙값이 가장 큰 N"}, above=180, below=220, strict=False),
        Bound("variance_ratio", {"en": "var(3000)/var(200)", "ko": "분산(3000)/분산(200)"}, above=None, below=0.1, strict=True),
    )
    statements: ClassVar[dict[int, Verdict]] = {6: "refutes", 7: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://doi.org/10.1073/pnas.1903070116"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "features N", "ko": "특징 수 N"}, {"en": "test risk", "ko": "시험 위험"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, True)
