"""A hidden layer whose units all have the same weights."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule


class Symmetry(Rule):
    name: ClassVar[str] = "symmetry"
    severity: ClassVar[int] = 30
    label: ClassVar[dict[str, str]] = {"en": "Symmetry not broken", "ko": "대칭이 깨지지 않음"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "All {units} units of {layer} are copies of one another: they got the same weights and get the same gradient. Begin with random weights.",
        "ko": "{layer} 계층의 유닛 {units}개가 서로 복사본입니다. 같은 가중치로 시작해 같은 기울기를 받습니다. 무작위로 초기화해 보세요.",
    }
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/optimization.html"

    def check(self, now: Readings) -> Finding | None:
        rows = now.hidden("weight/distinct_rows")
        same = np.flatnonzero(rows == 1)
        if not len(same) or now.step < 1:
            return None
        site = now.layers[int(same[0])]
        evidence: dict[str, float | str] = {"layer": site.name, "units": site.units or "?", "distinct": 1}
        return Finding(evidence, {"init.name": "kaiming_normal" if site.activation == "ReLU" else "xavier_uniform"}, site.name)
