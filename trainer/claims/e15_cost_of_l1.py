import time
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from trainer import registry
from trainer.build import derived
from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.drawing import activation, generator, weight

DEPTH, WIDTH, BATCH, LAMBDA = 4, 256, 64, 1e-4
BLOCKS, STEPS, WARM, RESAMPLED = 40, 8, 10, 2000


class CostOfL1(Claim):
    id: ClassVar[str] = "E15"
    label: ClassVar[Words] = {"en": "What L1 costs", "ko": "L1의 비용"}
    criterion: ClassVar[Words] = {
        "en": "The ratio of step times, L1 over L2 interleaved, has an interval that lies in [0.9, 1.1].",
        "ko": "번갈아 잰 L1과 L2 스텝 시간의 비의 구간이 [0.9, 1.1] 안에 있다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("low", {"en": "lower end of the ratio's interval", "ko": "비의 구간의 아래 끝"}, above=0.9, below=None, strict=False),
        Bound("high", {"en": "upper end of the ratio's interval", "ko": "비의 구간의 위 끝"}, above=None, below=1.1, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {73: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1108.0775"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "block", "ko": "블록"}, {"en": "time of a step, L1 / L2", "ko": "스텝 시간, L1 / L2"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        step = Step(seed)
        for kind in ("l1", "l2") * WARM:
            step.take(kind)
        turns = np.random.default_rng(derived(seed, "turns"))
        times = np.array([_block(step, bool(turns.integers(2))) for _ in range(BLOCKS)])  # [block, l1 and l2]
        ratios = times[:, 0] / times[:, 1]
        low, high = _interval(ratios, np.random.default_rng(derived(seed, "bootstrap")))
        weights = sum(w.numel() for w in step.weights)
        with FlopCounterMode(display=False) as counter:
            step.gradients()
        values = {
            "low": low,
            "high": high,
            "ratio": float(np.median(ratios)),
            "ms a step, L1": float(np.median(times[:, 0])) * 1e3,
            "ms a step, L2": float(np.median(times[:, 1])) * 1e3,
            "operations a step, without a penalty": float(counter.get_total_flops()),
            "operations, L1 (sign, times, plus)": 3.0 * weights,
            "operations, L2 (times, plus)": 2.0 * weights,
        }
        return Found(values, [Curve("L1 / L2", range(1, BLOCKS + 1), ratios.tolist())])


class Step:
    """A training step of an MLP with the product's penalty, which acts as it does in a run."""

    def __init__(self, seed: int) -> None:
        source, self._penalty = generator(seed, "cost"), registry.part("penalty", "subgradient")
        layers: list[nn.Module] = []
        for _ in range(DEPTH):
            bend, gain = activation("relu")
            linear = nn.utils.skip_init(nn.Linear, WIDTH, WIDTH)
            with torch.no_grad():
                linear.weight.copy_(weight((WIDTH, WIDTH), "kaiming_normal", source, gain))
                linear.bias.zero_()
            layers += [linear, bend]
        self._model = nn.Sequential(*layers)
        self._x, self._y = (torch.randn(BATCH, WIDTH, generator=source) for _ in range(2))
        part = registry.part("optimizer", "sgd")
        self._optimizer = part.build(part.Params(lr=1e-3, momentum=0.0), self._model.parameters())
        self.weights = [p for p in self._model.parameters() if p.ndim >= 2]

    def gradients(self) -> None:
        self._optimizer.zero_grad()
        nn.functional.mse_loss(self._model(self._x), self._y).backward()

    def take(self, kind: str) -> float:
        """One step with L1 or L2; its seconds."""
        l1, l2 = (LAMBDA, 0.0) if kind == "l1" else (0.0, LAMBDA)
        begin = time.perf_counter()
        self.gradients()
        self._penalty.add_gradient(self.weights, l1, l2)
        self._optimizer.step()
        return time.perf_counter() - begin


def _block(step: Any, swapped: bool) -> tuple[float, float]:
    """Median seconds of a step with L1 and with L2, in turns, so that whatever else the machine does strikes both alike."""
    order = ("l2", "l1") if swapped else ("l1", "l2")
    taken: dict[str, list[float]] = {"l1": [], "l2": []}
    for _ in range(STEPS):
        for kind in order:
            taken[kind].append(step.take(kind))
    return float(np.median(taken["l1"])), float(np.median(taken["l2"]))


def _interval(ratios: np.ndarray, source: np.random.Generator) -> tuple[float, float]:
    """95 % of the median, by resampling blocks."""
    medians = np.median(source.choice(ratios, (RESAMPLED, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)
