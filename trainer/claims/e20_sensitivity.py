from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class Sensitivity(Claim):
    id: ClassVar[str] = "E20"
    label: ClassVar[Words] = {"en": "Sensitivity to initialisation", "ko": "초기화에 대한 민감함"}
    criterion: ClassVar[Words] = {
        "en": "Without batch norm at least two of the five σ fail to reach 0.85; with it all five reach it.",
        "ko": "배치 정규화가 없으면 다섯 σ 가운데 적어도 둘이 0.85에 이르지 못하고, 있으면 다섯 모두 이른다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("failing_without", {"en": "σ that fail without", "ko": "없을 때 실패한 σ의 수"}, above=2, below=None, strict=False),
        Bound("reaching_with", {"en": "σ that reach 0.85 with", "ko": "있을 때 0.85에 이른 σ의 수"}, above=5, below=5, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {14: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.03167"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "σ", "ko": "σ"}, {"en": "test accuracy", "ko": "시험 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)
