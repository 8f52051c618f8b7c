"""A gradient that is huge beside the weights it moves."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

HUGE = 30.0
#: lr·‖g‖/‖W‖ of a step that moves a layer by a tenth.
MOVES = 0.1


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
        gradient, weight = now.table.get("gradient/norm"), now.table.get("weight/norm")
        lr = now.settings.get("optimizer.params.lr")
        norm = now.scalars.get("grad/norm")
        if gradient is None or weight is None or lr is None or norm is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(weight > 0, gradient / weight, 0.0)
        worst = int(np.nanargmax(np.append(relative, 0.0)))
        if worst == len(relative) or not (norm > HUGE and relative[worst] * lr > MOVES):
            return None
        evidence: dict[str, float | str] = {"norm": norm, "lr": lr, "layer": now.layers[worst].name, "relative": float(relative[worst])}
        return Finding(evidence, {"optimizer.clip_norm": 1.0}, now.layers[worst].name)
