from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.drawing import activation, generator, weight

DEPTH, WIDTH, BATCH = 10, 256, 256
#: Arm → activation, init, its parameters, width.
ARMS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "tanh, Xavier": ("tanh", "xavier_normal", {}, WIDTH),
    "tanh, U(±1/√n)": ("tanh", "default", {}, WIDTH),
    "tanh, σ = 0.01": ("tanh", "normal", {"std": 0.01}, WIDTH),
    "tanh, N(0, 1)": ("tanh", "normal", {"std": 1.0}, WIDTH),
    "sigmoid, Xavier": ("sigmoid", "xavier_normal", {}, WIDTH),
    "sigmoid, N(0, 1)": ("sigmoid", "normal", {"std": 1.0}, WIDTH),
    "sigmoid, N(0, 1), width 64": ("sigmoid", "normal", {"std": 1.0}, 64),
    "sigmoid, N(0, 1), width 16": ("sigmoid", "normal", {"std": 1.0}, 16),
}


class Depth(Claim):
    id: ClassVar[str] = "E9"
    label: ClassVar[Words] = {"en": "Activations and gradients through depth", "ko": "깊이에 따른 활성값과 기울기"}
    criterion: ClassVar[Words] = {
        "en": "Xavier with tanh keeps std(layer 10) in [0.15, 0.35]; under N(0, 1) more than 80 % of units are beyond |0.97|; the gradient's ratio from layer 1 to layer 10 is below 1e-2 (vanishes) for σ = 0.01 and above 1e2 (explodes) for N(0, 1); with sigmoid and Xavier it is below 1e-2.",
        "ko": "tanh와 제이비어 초기화에서 10번째 층의 표준편차가 [0.15, 0.35]. N(0, 1)에서 80 % 넘는 유닛이 |0.97| 밖. 1층과 10층의 기울기 비가 σ = 0.01이면 1e-2 미만(소실), N(0, 1)이면 1e2 초과(폭주). 시그모이드와 제이비어에서는 1e-2 미만.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("xavier_std", {"en": "std of layer 10, Xavier", "ko": "10층의 표준편차, 제이비어"}, above=0.15, below=0.35, strict=False),
        Bound(
            "saturated",
            {"en": "share beyond |0.97| under N(0, 1)", "ko": "N(0, 1)에서 |0.97| 밖의 비율"},
            above=0.8,
            below=None,
            strict=True,
        ),
        Bound("small_ratio", {"en": "gradient ratio at σ = 0.01", "ko": "σ = 0.01의 기울기 비"}, above=None, below=0.01, strict=True),
        Bound("large_ratio", {"en": "gradient ratio under N(0, 1)", "ko": "N(0, 1)의 기울기 비"}, above=100.0, below=None, strict=True),
        Bound(
            "sigmoid_ratio",
            {"en": "gradient ratio, sigmoid with Xavier", "ko": "시그모이드와 제이비어의 기울기 비"},
            above=None,
            below=0.01,
            strict=True,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {37: "supports", 44: "refutes", 46: "refutes", 48: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://proceedings.mlr.press/v9/glorot10a.html"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "layer", "ko": "층"}, {"en": "std of the gradient", "ko": "기울기의 표준편차"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        found = {arm: _through(seed, *how) for arm, how in ARMS.items()}
        last = found["tanh, N(0, 1)"].activations
        values = {
            "xavier_std": float(found["tanh, Xavier"].activations.std()),
            "saturated": float((last.abs() > 0.97).double().mean()),
            "small_ratio": found["tanh, σ = 0.01"].ratio,
            "large_ratio": found["tanh, N(0, 1)"].ratio,
            "sigmoid_ratio": found["sigmoid, Xavier"].ratio,
        }
        shown = ("tanh, Xavier", "tanh, U(±1/√n)", "sigmoid, N(0, 1)", "sigmoid, N(0, 1), width 64", "sigmoid, N(0, 1), width 16")
        values |= {f"gradient ratio, {arm}": found[arm].ratio for arm in shown}
        return Found(values, [Curve(arm, range(1, DEPTH + 1), through.gradients) for arm, through in found.items()])


class Through(NamedTuple):
    """The last layer's activations, and the deviation of the gradient with respect to each layer's z."""

    activations: torch.Tensor
    gradients: list[float]

    @property
    def ratio(self) -> float:
        return self.gradients[0] / self.gradients[-1]


def _through(seed: int, name: str, init: str, params: dict[str, Any], width: int) -> Through:
    """Passes a Gaussian batch forward and a Gaussian gradient back. Arms of the same width share their random draws."""
    bend, gain = activation(name)
    source = generator(seed, f"depth/{width}")
    a, upstream = (torch.randn(BATCH, width, generator=source) for _ in range(2))
    pre = []
    for _ in range(DEPTH):
        z = (a @ weight((width, width), init, source, gain, **params).T).requires_grad_()
        pre.append(z)
        a = bend(z)
    gradients = torch.autograd.grad(a, pre, upstream)
    return Through(a.detach(), [float(g.std()) for g in gradients])
