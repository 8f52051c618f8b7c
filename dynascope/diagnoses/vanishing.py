"""Activations, and with them gradients, that shrink towards zero through the hidden layers."""

from typing import ClassVar

import numpy as np

from dynascope.diagnoses import Finding, Readings, Rule

#: Activations' standard deviation in the last hidden layer, divided by that in the first.
SHRUNK = 1e-2
#: Gradient norm / weight norm in the first layer, divided by the largest such ratio: about 1 if signals keep their size.
FAINT = 1e-2


class Vanishing(Rule):
    name: ClassVar[str] = "vanishing"
    severity: ClassVar[int] = 50
    label: ClassVar[dict[str, str]] = {"en": "Vanishing signal", "ko": "신호와 기울기 소실"}
    sentence: ClassVar[dict[str, str]] = {
        "en": "Signals shrink from σ = {first} in {from_layer} to {last} in {layer}, and gradients on their way back: the first layers hardly move. Begin with an initialisation that keeps their size, or normalise.",
        "ko": "활성값의 σ: {from_layer} {first} → {layer} {last}. 신호가 계층을 지나며 사라져 기울기도 사라집니다. 크기를 지키는 초기화나 정규화를 써 보세요.",
    }
    source: ClassVar[str] = "https://proceedings.mlr.press/v9/glorot10a.html"

    def check(self, now: Readings) -> Finding | None:
        std, gradient, weight = (now.hidden(q) for q in ("activation/std", "gradient/norm", "weight/norm"))
        if len(std) < 3 or not np.isfinite(std).all() or not std[0] > 0:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = gradient / weight
        relative[~np.isfinite(relative)] = np.nan  # weights of zero
        largest = np.nanmax(relative) if np.isfinite(relative).any() else 0.0
        faint = relative[0] < FAINT * largest
        shrunk = std[-1] < SHRUNK * std[0] and not any(layer.norm for layer in now.layers)
        if not (faint or shrunk):
            return None
        last = len(std) - 1
        evidence: dict[str, float | str] = {
            "gradient": float(relative[0] / largest) if largest > 0 else 0.0,
            "first": float(std[0]),
            "last": float(std[last]),
            "from_layer": now.layers[0].name,
            "layer": now.layers[last].name,
        }
        activation = now.layers[0].activation
        name = "kaiming_normal" if activation in ("ReLU", "LeakyReLU") else "xavier_normal" if activation == "Tanh" else "lsuv"
        return Finding(evidence, {"init.name": name}, now.layers[last].name)
