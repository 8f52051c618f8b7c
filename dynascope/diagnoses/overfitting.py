"""Validation loss rises while training loss is below it."""

from statistics import median
from typing import ClassVar

from dynascope.diagnoses import Finding, Readings, Rule

#: Number of evaluations; their median must be worse than the best by the fraction RISE of it, and by FLOOR.
LEAST = 4
RISE, FLOOR = 0.1, 0.02
#: Largest L2 that the remedy proposes.
MOST = 1.0


class Overfitting(Rule):
    name: ClassVar[str] = "overfitting"
    severity: ClassVar[int] = 80
    label: ClassVar[dict[str, str]] = {"en": "Overfitting", "ko": "과대적합"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "It is learning the training data by heart, since step {since}: validation loss {best} → {now}, training loss {train}. Raise L2.",
        "ko": "훈련 데이터를 외우는 중입니다(스텝 {since}부터). 검증 손실 {best} → {now}, 훈련 손실 {train}. L2를 올려 보세요.",
    }
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/ml.html"

    def check(self, now: Readings) -> Finding | None:
        history = now.since_best
        if len(history) < LEAST + 1:
            return None
        (since, best), recent = history[0], [loss for _, loss in history[-LEAST:]]
        risen = median(recent) > best * (1 + RISE) + FLOOR
        if not risen or not now.train_loss < best:
            return None
        l2 = now.settings.get("penalty.l2") or 0.0
        evidence: dict[str, float | str] = {"since": since, "best": best, "now": recent[-1], "train": now.train_loss}
        return Finding(evidence, {"penalty.l2": min(MOST, max(0.01, 3 * l2))} if l2 < MOST else {})
