"""A layer whose weights L1 has removed: exactly zero, or so small that only the jitter of the subgradient is left."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

GONE = 0.999
TINY = 1e-3
#: Largest fraction of a layer's first measured size that may be left.
FALLEN = 0.1


def _size(table: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """√(mean w²) of each layer."""
    mean, std = table.get("weight/mean"), table.get("weight/std")
    return None if mean is None or std is None else np.sqrt(mean**2 + std**2)


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
        size, first = _size(now.table), _size(now.first)
        if not l1 or zeros is None or std is None or size is None or first is None:
            return None
        # L1 is not the cause of zeros in the initial weights, nor of weights that were as small at the start.
        gone = np.flatnonzero(((zeros >= GONE) | (size < TINY)) & (size < FALLEN * first))
        if not len(gone):
            return None
        layer = now.layers[int(gone[0])].name
        evidence: dict[str, float | str] = {"layer": layer, "zeros": float(zeros[gone[0]]), "std": float(std[gone[0]]), "l1": l1}
        return Finding(evidence, {"penalty.l1": float(f"{l1 / 10:.2g}")}, layer)
