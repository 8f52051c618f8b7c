"""A gradient that is very large relative to the weights that it changes."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

HUGE = 30.0
#: log10 ‖ΔW‖/‖W‖ of a step that changes a layer's weights by a tenth.
MOVES = -1.0


class Exploding(Rule):
    name: ClassVar[str] = "exploding"
    severity: ClassVar[int] = 40
    label: ClassVar[dict[str, str]] = {"en": "Exploding gradient", "ko": "기울기 폭주"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "The gradient’s norm is {norm} at learning rate {lr}: a single step throws the weights about. Clip it, or begin with smaller weights.",
        "ko": "기울기 노름 {norm}, 학습률 {lr}: 한 스텝에 가중치가 크게 흔들립니다. 기울기를 자르거나 더 작은 가중치로 시작해 보세요.",
    }
    source: ClassVar[str] = "https://arxiv.org/abs/1211.5063"

    def check(self, now: Readings) -> Finding | None:
        moved, norm = now.table.get("update/log10_ratio"), now.scalars.get("grad/norm")
        lr = now.settings.get("optimizer.params.lr")
        if moved is None or lr is None or norm is None:
            return None
        worst = int(np.where(np.isnan(moved), -np.inf, moved).argmax())
        if not (norm > HUGE and moved[worst] > MOVES):
            return None
        evidence: dict[str, float | str] = {"norm": norm, "lr": lr, "layer": now.layers[worst].name, "moved": float(moved[worst])}
        clips = now.settings.get("optimizer.clip_norm")
        return Finding(evidence, {"optimizer.clip_norm": 1.0 if clips is None else clips / 10}, now.layers[worst].name)
