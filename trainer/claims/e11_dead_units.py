from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class DeadUnits(Claim):
    id: ClassVar[str] = "E11"
    label: ClassVar[Words] = {"en": "Dead units", "ko": "죽은 뉴런"}
    criterion: ClassVar[Words] = {
        "en": "Dead > 0.3 at lr 2 against < 0.02 at 0.05, and leaky learns (accuracy > 0.85).",
        "ko": "죽은 비율이 학습률 2에서 0.3 초과, 0.05에서 0.02 미만이고, leaky는 배운다(정확도 0.85 초과).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("dead_large", {"en": "dead at lr 2", "ko": "학습률 2의 죽은 비율"}, above=0.3, below=None, strict=True),
        Bound("dead_small", {"en": "dead at lr 0.05", "ko": "학습률 0.05의 죽은 비율"}, above=None, below=0.02, strict=True),
        Bound(
            "leaky_accuracy", {"en": "accuracy of leaky at lr 2", "ko": "학습률 2에서 leaky의 정확도"}, above=0.85, below=None, strict=True
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {52: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1903.06733"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "dead units", "ko": "죽은 뉴런"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
