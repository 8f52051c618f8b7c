from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class WhenL2Helps(Claim):
    id: ClassVar[str] = "E19"
    label: ClassVar[Words] = {"en": "When L2 helps", "ko": "L2가 도움이 될 때"}
    criterion: ClassVar[Words] = {
        "en": "With λ chosen on validation, the gain of L2 on test is larger at n = 100 than at n = 1000 for the wide network with label noise.",
        "ko": "검증으로 λ를 고르면, 넓은 망과 레이블 잡음에서 L2의 시험 이득이 n = 1000보다 n = 100에서 크다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "difference", {"en": "gain(n = 100) − gain(n = 1000)", "ko": "이득(n = 100) − 이득(n = 1000)"}, above=0, below=None, strict=True
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {65: "supports", 66: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/regularization.html"
    axes: ClassVar[tuple[Words, Words]] = (
        {"en": "training examples", "ko": "훈련 예의 수"},
        {"en": "gain in test accuracy", "ko": "시험 정확도의 이득"},
    )
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)
