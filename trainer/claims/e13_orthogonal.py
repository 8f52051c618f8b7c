import math
from collections.abc import Mapping
from statistics import median
from typing import ClassVar

import torch

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits
from trainer.claims.drawing import generator, weight
from trainer.claims.training import trained

UNITS, STEPS, DRAWS = 64, 200, 20
#: The init that draws a normalised Gaussian matrix: N(0, gain²/n).
GAUSSIAN = "xavier_normal"


class Orthogonal(Claim):
    id: ClassVar[str] = "E13"
    label: ClassVar[Words] = {"en": "Orthogonal", "ko": "직교"}
    criterion: ClassVar[Words] = {
        "en": "Linear, orthogonal: |log10 ‖∂h₀‖/‖∂h_T‖| ≤ 4e-4; Gaussian of gain 1 misses by more than 1 in most draws, of gain 1.1 beyond 4. Feed-forward, tanh 10 × 64: orthogonal learns as well as Xavier (accuracy ≥ Xavier's − 0.03).",
        "ko": "선형, 직교: |log10 ‖∂h₀‖/‖∂h_T‖| ≤ 4e-4. 게인 1의 정규분포는 대부분의 뽑기에서 1 넘게, 게인 1.1은 4 넘게 벗어난다. 순방향 tanh 10 × 64: 직교가 제이비어만큼 배운다(정확도 ≥ 제이비어 − 0.03).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "orthogonal", {"en": "|log10 ratio|, linear orthogonal", "ko": "|log10 비|, 선형 직교"}, above=None, below=0.0004, strict=False
        ),
        Bound(
            "gaussian_misses",
            {"en": "share of Gaussian draws beyond 1", "ko": "1 넘게 벗어난 정규분포 뽑기의 비율"},
            above=0.5,
            below=None,
            strict=True,
        ),
        Bound(
            "gaussian_large",
            {"en": "|log10 ratio|, Gaussian of gain 1.1", "ko": "|log10 비|, 게인 1.1의 정규분포"},
            above=4,
            below=None,
            strict=True,
        ),
        Bound(
            "feedforward",
            {"en": "accuracy(orthogonal) − accuracy(Xavier)", "ko": "정확도(직교) − 정확도(제이비어)"},
            above=-0.03,
            below=None,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {54: "refutes", 56: "refutes", 58: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1312.6120"
    axes: ClassVar[tuple[Words, Words]] = (
        {"en": "step back in time", "ko": "시간을 거슬러 간 스텝"},
        {"en": "log10 of the gradient", "ko": "기울기의 log10"},
    )
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        arms = {"orthogonal": ("orthogonal", 1.0), "Gaussian, gain 1": (GAUSSIAN, 1.0), "Gaussian, gain 1.1": (GAUSSIAN, 1.1)}
        linear = {arm: [_back(seed, draw, *how) for draw in range(DRAWS)] for arm, how in arms.items()}
        bent = {arm: [_back(seed, draw, *how, tanh=True) for draw in range(DRAWS)] for arm, how in arms.items()}
        ends = {arm: [abs(line[-1]) for line in lines] for arm, lines in linear.items()}
        accuracy = {init: _feedforward(seed, init) for init in ("orthogonal", "xavier_normal")}
        values = {
            "orthogonal": max(ends["orthogonal"]),
            "gaussian_misses": sum(end > 1 for end in ends["Gaussian, gain 1"]) / DRAWS,
            "gaussian_large": median(ends["Gaussian, gain 1.1"]),
            "feedforward": accuracy["orthogonal"] - accuracy["xavier_normal"],
            "|log10 ratio|, Gaussian, gain 1, median": median(ends["Gaussian, gain 1"]),
            "share of draws beyond 4, gain 1.1": sum(end > 4 for end in ends["Gaussian, gain 1.1"]) / DRAWS,
            "accuracy, orthogonal": accuracy["orthogonal"],
            "accuracy, Xavier": accuracy["xavier_normal"],
        }
        values |= _off_identity(seed)
        values |= {f"log10 ratio, tanh, {arm}, median": median(line[-1] for line in lines) for arm, lines in bent.items()}
        pairs = zip(bent["Gaussian, gain 1"], bent["orthogonal"], strict=True)
        values["share of draws with tanh in which Gaussian keeps more"] = sum(one[-1] > other[-1] for one, other in pairs) / DRAWS
        curves = [Curve(arm, range(STEPS + 1), lines[0]) for arm, lines in linear.items()]
        return Found(values, curves + [Curve(f"tanh, {arm}", range(STEPS + 1), lines[0]) for arm, lines in bent.items()])


def _off_identity(seed: int) -> dict[str, float]:
    """For a matrix with more rows than columns: the largest entry of QᵀQ − I and of QQᵀ − I."""
    q = weight((2 * UNITS, UNITS), "orthogonal", generator(seed, "tall"), dtype=torch.float64)
    return {
        f"max |QᵀQ − I|, {2 * UNITS} × {UNITS}": float((q.T @ q - torch.eye(UNITS)).abs().max()),
        f"max |QQᵀ − I|, {2 * UNITS} × {UNITS}": float((q @ q.T - torch.eye(2 * UNITS)).abs().max()),
    }


def _back(seed: int, draw: int, init: str, gain: float, tanh: bool = False) -> list[float]:
    """log10 ‖∂h₋ₖ‖/‖∂h_T‖ after k = 0 … 200 backward steps of h ← W h, or h ← tanh(W h); the arms share their draws."""
    source = generator(seed, f"recurrent/{draw}")
    h, upstream = (torch.randn(UNITS, generator=source) for _ in range(2))
    w = weight((UNITS, UNITS), init, source, gain=gain)
    slopes = []
    for _ in range(STEPS if tanh else 0):
        h = torch.tanh(w @ h)
        slopes.append(1 - h.square())
    line, back, begin = [0.0], upstream, float(upstream.norm())
    for k in range(STEPS):
        back = w.T @ (back * slopes[-1 - k] if tanh else back)
        ratio = float(back.norm()) / begin
        line.append(math.log10(ratio) if ratio > 0 else -math.inf)
    return line


def _feedforward(seed: int, init: str) -> float:
    """Test accuracy of a deep tanh network on digits, trained by the product's own loop."""
    spec = digits(
        seed,
        600,
        model={"name": "mlp", "params": {"depth": 10, "width": 64}, "activation": {"name": "tanh"}},
        init={"name": init},
        norm={"name": "none"},
        optimizer={"name": "sgd", "params": {"lr": 0.05, "momentum": 0.0}},
    )
    return trained(spec)["test/accuracy"]
