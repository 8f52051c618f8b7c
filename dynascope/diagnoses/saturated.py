"""Tanh or sigmoid layers that have most of their outputs in the range where the slope is nearly zero."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

MOST = 0.5


class Saturated(Rule):
    name: ClassVar[str] = "saturated"
    severity: ClassVar[int] = 60
    label: ClassVar[dict[str, str]] = {"en": "Saturated", "ko": "포화"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "{share} of the outputs of {layer} sit at the ends of the activation, where its slope is all but zero. Begin with smaller weights, or normalise.",
        "ko": "{layer} 계층의 출력 가운데 {share} 안팎이 활성화 함수의 양 끝에 몰려 기울기가 거의 0입니다. 더 작은 가중치로 시작하거나 정규화를 써 보세요.",
    }
    source: ClassVar[str] = "https://proceedings.mlr.press/v9/glorot10a.html"

    def check(self, now: Readings) -> Finding | None:
        share = now.hidden("activation/saturated")
        if not len(share):
            return None
        bends = np.array([layer.activation in ("Tanh", "Sigmoid") for layer in now.layers[:-1]])
        share = np.where(bends & np.isfinite(share), share, 0.0)
        worst = int(share.argmax())
        if share[worst] <= MOST:
            return None
        layer = now.layers[worst].name
        return Finding({"layer": layer, "share": f"{100 * share[worst]:.0f} %"}, {"init.name": "xavier_normal"}, layer)
