"""ReLU units that are zero for every example."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

#: Without a penalty, up to .47 of a layer is dead in networks that learn well, and .8 or more in networks that dead units keep from
#: learning (presets 1 and 6, eight seeds each). With L2, more of a layer may die while the rest learns well.
MANY = 0.5


class Dead(Rule):
    name: ClassVar[str] = "dead"
    severity: ClassVar[int] = 70
    label: ClassVar[dict[str, str]] = {"en": "Dead units", "ko": "죽은 뉴런"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "{share} of the units of {layer} are dead: zero for every example that was looked at after the epoch, so no gradient reaches them. Try a smaller learning rate from the start, or leaky ReLU.",
        "ko": "{layer} 계층의 죽은 뉴런 {share}: 에폭 뒤에 살펴본 모든 예에서 0이라 기울기가 닿지 않습니다. 처음부터 학습률을 낮추거나 Leaky ReLU를 써 보세요.",
    }
    source: ClassVar[str] = "https://arxiv.org/abs/1903.06733"

    def check(self, now: Readings) -> Finding | None:
        share = now.hidden("activation/dead")
        share = np.where(np.isfinite(share), share, 0.0)
        if now.step < 1 or not len(share) or share.max() <= MANY:
            return None
        layer = now.layers[int(share.argmax())].name
        return Finding({"layer": layer, "share": f"{100 * share.max():.0f} %"}, {"model.activation.name": "leaky_relu"}, layer)
