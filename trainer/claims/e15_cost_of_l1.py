import time
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from trainer import registry
from trainer.build import build, derived
from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits
from trainer.plan import plan
from trainer.spec import RunSpec

LAMBDA, WIDE = 1e-4, 256
BLOCKS, WIDE_BLOCKS, STEPS, WARM, RESAMPLED = 40, 10, 12, 20, 2000


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
        times = _blocks(step, seed, BLOCKS)
        ratios = times[:, 0] / times[:, 1]
        low, high = _interval(ratios, np.random.default_rng(derived(seed, "bootstrap")))
        wide = _blocks(Step(seed, model={"name": "mlp", "params": {"width": WIDE}}, norm={"name": "none"}), seed, WIDE_BLOCKS)
        weights = sum(w.numel() for w in step.weights)
        with FlopCounterMode(display=False) as counter:
            step.take("l2")
        values = {
            "low": low,
            "high": high,
            "ratio": float(np.median(ratios)),
            f"ratio, width {WIDE}, no norm": float(np.median(wide[:, 0] / wide[:, 1])),
            "ms a step, L1": float(np.median(times[:, 0])) * 1e3,
            "ms a step, L2": float(np.median(times[:, 1])) * 1e3,
            "operations of a step's products": float(counter.get_total_flops()),
            "operations, L1 (sign, times, plus)": 3.0 * weights,
            "operations, L2 (times, plus)": 2.0 * weights,
        }
        return Found(values, [Curve("L1 / L2", range(1, BLOCKS + 1), ratios.tolist())])


class Step:
    """Training steps of the default MLP on one batch of digits, with the penalty applied as in a run."""

    def __init__(self, seed: int, **changes: dict[str, object]) -> None:
        with torch.random.fork_rng(devices=[]):
            self._experiment = build(plan(RunSpec.model_validate(digits(seed, 1, **changes))))
        self.weights, self._penalty = self._experiment.weights, registry.part("penalty", "subgradient")
        train, batch = self._experiment.data.train, self._experiment.plan.batch
        self._x, self._y = train.x[:batch], train.y[:batch]

    def take(self, kind: str) -> float:
        """Make one step with L1 or L2; returns its seconds."""
        l1, l2 = (LAMBDA, 0.0) if kind == "l1" else (0.0, LAMBDA)
        begin = time.perf_counter()
        self._experiment.loss(self._experiment.model(self._x), self._y).backward()
        self._penalty.add_gradient(self.weights, l1, l2)
        self._experiment.optimizer.step()
        self._experiment.optimizer.zero_grad()
        return time.perf_counter() - begin


def _blocks(step: Step, seed: int, blocks: int) -> np.ndarray:
    """Median seconds of a step with L1 and with L2 for each block, [block, 2]; alternating, so that other load affects both equally."""
    for kind in ("l1", "l2") * WARM:
        step.take(kind)
    source, times = np.random.default_rng(derived(seed, "turns")), []
    for _ in range(blocks):
        taken: dict[str, list[float]] = {"l1": [], "l2": []}
        order = ("l2", "l1") if source.integers(2) else ("l1", "l2")
        for _ in range(STEPS):
            for kind in order:
                taken[kind].append(step.take(kind))
        times.append([np.median(taken["l1"]), np.median(taken["l2"])])
    return np.array(times)


def _interval(ratios: np.ndarray, source: np.random.Generator) -> tuple[float, float]:
    """The 95 % interval of the median, by resampling blocks."""
    medians = np.median(source.choice(ratios, (RESAMPLED, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)
