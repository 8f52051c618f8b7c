"""The training loss is NaN or infinite."""

import math
from typing import ClassVar

from dynascope.diagnoses import Finding, Readings, Rule


class Diverged(Rule):
    name: ClassVar[str] = "diverged"
    severity: ClassVar[int] = 10
    label: ClassVar[dict[str, str]] = {"en": "Diverged", "ko": "발산"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "The loss is no longer a number since step {step}, at learning rate {lr}. Try a tenth of it.",
        "ko": "손실이 숫자가 아닙니다(스텝 {step}부터, 학습률 {lr}). 학습률을 10분의 1로 해 보세요.",
    }
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/optimization.html"

    def check(self, now: Readings) -> Finding | None:
        loss = now.scalars.get("train/loss")
        if loss is None or math.isfinite(loss):
            return None
        lr = now.settings.get("optimizer.params.lr")
        evidence: dict[str, float | str] = {"step": now.step, "loss": str(loss), "lr": lr if lr is not None else "?"}
        return Finding(evidence, {"optimizer.params.lr": float(f"{lr / 10:.3g}")} if lr is not None else {})
