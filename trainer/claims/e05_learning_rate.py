from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class LearningRate(Claim):
    id: ClassVar[str] = "E5"
    label: ClassVar[Words] = {"en": "Batch norm and the learning rate", "ko": "배치 정규화와 학습률"}
    criterion: ClassVar[Words] = {
        "en": "The largest learning rate at which batch norm reaches 0.85 is at least 3 × that without.",
        "ko": "정확도 0.85에 이르는 가장 큰 학습률이 배치 정규화에서 없을 때의 3배 이상.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("ratio", {"en": "largest rate with / without", "ko": "가장 큰 학습률의 비(있음/없음)"}, above=3, below=None, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {13: "supports", 15: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.03167"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "learning rate", "ko": "학습률"}, {"en": "test accuracy", "ko": "시험 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)
