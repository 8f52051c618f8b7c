from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class CovariateShift(Claim):
    id: ClassVar[str] = "E4"
    label: ClassVar[Words] = {"en": "Batch norm and covariate shift", "ko": "배치 정규화와 공변량 변화"}
    criterion: ClassVar[Words] = {
        "en": "drift(noisy) > 2 × drift(none), and yet accuracy(noisy) ≥ accuracy(none) − 0.03, in train mode on restored buffers.",
        "ko": "흐름(잡음) > 2 × 흐름(없음)인데도 정확도(잡음) ≥ 정확도(없음) − 0.03. 훈련 모드에서, 버퍼는 되돌려 놓고 잰다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("drift_ratio", {"en": "drift(noisy)/drift(none)", "ko": "흐름(잡음)/흐름(없음)"}, above=2, below=None, strict=True),
        Bound(
            "accuracy_gap",
            {"en": "accuracy(noisy) − accuracy(none)", "ko": "정확도(잡음) − 정확도(없음)"},
            above=-0.03,
            below=None,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {9: "refutes", 11: "supports", 12: "refutes", 13: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1805.11604"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "drift", "ko": "흐름"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
