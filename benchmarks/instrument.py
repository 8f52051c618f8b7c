"""What being watched costs: an 8 × 128 MLP with batch norm, batch 64, one thread, bare against watched.

Machines are noisy: blocks of 50 steps alternate, and the ratio is the median over pairs of blocks that ran side by side.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import nn

from benchmarks.rows import Row
from dynascope.budget import Every
from dynascope.kernels import Summary
from dynascope.messages import Histograms
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument

BLOCK = 50
BATCH, WIDTH, DEPTH = 64, 128, 8


class Loop:
    """One training loop, run block by block; "never" is the bare one."""

    def __init__(self, every: Every) -> None:
        torch.manual_seed(0)
        layers = [layer for _ in range(DEPTH) for layer in (nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU())]
        self.model = nn.Sequential(*layers, nn.Linear(WIDTH, 10))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.sink = Memory()
        self.instrument = None if every == "never" else Instrument(self.model, self.sink, every=every)
        self.inputs, self.targets = torch.randn(BATCH, WIDTH), torch.randint(0, 10, (BATCH,))
        self.step = 0

    def block(self) -> float:
        """Seconds a step."""
        start = perf_counter()
        for _ in range(BLOCK):
            self._one_step()
        self.sink.drain()  # what the sender's thread would do every 50 ms
        return (perf_counter() - start) / BLOCK

    def _one_step(self) -> None:
        if self.instrument:
            self.instrument.begin(self.step)
        loss = nn.functional.cross_entropy(self.model(self.inputs), self.targets)
        self.optimizer.zero_grad()
        loss.backward()
        if self.instrument:
            self.instrument.after_backward()
        self.optimizer.step()
        if self.instrument:
            self.instrument.end(self.step)
        self.step += 1


def elements_a_step() -> int:
    """What a measured step counts into histograms: activations, weights and gradients."""
    loop = Loop(1)
    loop._one_step()
    return sum(int(np.frombuffer(m.counts, "<u4").sum()) for m in loop.sink.messages() if isinstance(m, Histograms))


def training(pairs: int) -> list[Row]:
    loops: dict[str, Loop] = {
        "bare": Loop("never"),
        "bare again": Loop("never"),
        "auto": Loop("auto"),
        "every 10": Loop(10),
        "every 1": Loop(1),
    }
    for loop in loops.values():
        loop.block()
    times: dict[str, list[float]] = {name: [] for name in loops}
    for pair in range(pairs):
        order = list(loops) if pair % 2 == 0 else list(reversed(loops))
        for name in order:
            times[name].append(loops[name].block())
    rows = [
        Row(f"steps/s, {name}", f"{1 / median(own):.0f}", "bare loop", median(b / t for b, t in zip(times["bare"], own, strict=True)))
        for name, own in times.items()
    ]
    elements = elements_a_step()
    extra = median(t - b for b, t in zip(times["bare"], times["every 1"], strict=True))
    rows.append(
        Row("all of a measured step, ns/element", f"{extra / elements * 1e9:.2f} × {elements}", "bare step", extra / median(times["bare"]))
    )
    return rows


def kernel() -> Row:
    """Counts and moments in one pass, against `np.histogram` (of as many bins) alone."""
    x = torch.randn(1 << 17)
    summary, edges = Summary(1), np.linspace(-4, 4, 196)
    ours, peer = _seconds(lambda: summary.add(0, x, -0.97, 0.97)), _seconds(lambda: np.histogram(x.numpy(), edges))
    return Row("kernel, ns/element", f"{ours / x.numel() * 1e9:.2f}", "np.histogram", peer / ours)


def _seconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(31):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


def main(pairs: int = 30) -> list[Row]:
    torch.set_num_threads(1)
    return [kernel(), *training(pairs)]
