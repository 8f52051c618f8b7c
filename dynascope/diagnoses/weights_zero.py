"""A layer whose weights L1 has taken away: exactly zero, or so small that only the subgradient’s jitter is left."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

GONE = 0.999
TINY = 1e-3


class WeightsZero(Rule):
    name: ClassVar[str] = "weights_zero"
    severity: ClassVar[int] = 20
    label: ClassVar[dict[str, str]] = {"en": "Weights all zero", "ko": "가중치가 모두 0"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "L1 has pushed the weights of {layer} to zero: nothing passes it any more. Lower L1.",
        "ko": "L1 때문에 {layer} 계층의 가중치가 모두 0이 되어 신호가 지나지 못합니다. L1을 낮춰 보세요.",
    }
    source: ClassVar[str] = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"

    def check(self, now: Readings) -> Finding | None:
        l1 = now.settings.get("penalty.l1") or 0.0
        zeros, std = now.table.get("weight/zeros"), now.table.get("weight/std")
        if not l1 or zeros is None or std is None:
            return None
        gone = np.flatnonzero((zeros >= GONE) | (std < TINY))
        if not len(gone):
            return None
        layer = now.layers[int(gone[0])].name
        evidence: dict[str, float | str] = {"layer": layer, "zeros": float(zeros[gone[0]]), "std": float(std[gone[0]]), "l1": l1}
        return Finding(evidence, {"penalty.l1": float(f"{l1 / 10:.2g}")}, layer)
