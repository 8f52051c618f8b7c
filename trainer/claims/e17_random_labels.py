from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class RandomLabels(Claim):
    id: ClassVar[str] = "E17"
    label: ClassVar[Words] = {"en": "Memorising random labels", "ko": "무작위 레이블 외우기"}
    criterion: ClassVar[Words] = {
        "en": "Training accuracy 1, |test − 0.1| < 0.05, and more than 1.5 × the epochs.",
        "ko": "훈련 정확도 1, |시험 − 0.1| < 0.05, 에폭은 1.5배 넘게.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "train_accuracy",
            {"en": "training accuracy, random labels", "ko": "무작위 레이블의 훈련 정확도"},
            above=1,
            below=1,
            strict=False,
        ),
        Bound("test_distance", {"en": "|test accuracy − 0.1|", "ko": "|시험 정확도 − 0.1|"}, above=None, below=0.05, strict=True),
        Bound(
            "epochs_ratio",
            {"en": "epochs to learn, random / true labels", "ko": "배우는 데 든 에폭, 무작위/참 레이블"},
            above=1.5,
            below=None,
            strict=True,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {61: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1611.03530"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "epoch", "ko": "에폭"}, {"en": "training accuracy", "ko": "훈련 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
