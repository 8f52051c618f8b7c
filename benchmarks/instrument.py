"""What being watched costs: an 8 × 128 MLP with batch norm, batch 64, one thread, bare against watched.

TensorBoard's `add_histogram` of every layer's activations, weights and gradients, at every step, stands beside it. Machines are
noisy: all loops take turns of 50 steps in an order drawn anew each round, and the ratio is the median over rounds.
"""

import random
import tempfile
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks.rows import Row
from dynascope import kernels
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
        self.away, self.left = 0.0, perf_counter()
        self.instrument = None if every == "never" else Instrument(self.model, self.sink, every=every, clock=self.own_time)
        self.inputs, self.targets = torch.randn(BATCH, WIDTH), torch.randint(0, 10, (BATCH,))
        self.step = 0

    def own_time(self) -> float:
        """Without the others' turns: after each of them a measured step would be due, as two a second always are."""
        return perf_counter() - self.away

    def block(self) -> float:
        """Seconds a step."""
        start = perf_counter()
        self.away += start - self.left
        for _ in range(BLOCK):
            self._one_step()
        self.sink.drain()  # what the sender's thread would do every 50 ms
        self.left = perf_counter()
        return (self.left - start) / BLOCK

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


class TensorBoard(Loop):
    """The same loop, written down by the peer."""

    def __init__(self, folder: str) -> None:
        super().__init__("never")
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(folder)
        self.seen: dict[str, torch.Tensor] = {}
        self.layers = {name: m for name, m in self.model.named_modules() if isinstance(m, nn.Linear)}
        for name, module in self.model.named_modules():
            if isinstance(module, nn.ReLU) or name == list(self.layers)[-1]:
                module.register_forward_hook(lambda m, args, output, name=name: self.seen.update({name: output}))

    def _one_step(self) -> None:
        super()._one_step()
        for name, activation in self.seen.items():
            self.writer.add_histogram(f"activation/{name}", activation, self.step)
        for name, layer in self.layers.items():
            self.writer.add_histogram(f"weight/{name}", layer.weight, self.step)
            self.writer.add_histogram(f"gradient/{name}", layer.weight.grad, self.step)


class Counted(NamedTuple):
    histograms: int  #: values that a measured step counts into histograms: activations, weights, gradients
    read: int  #: values that its kernels read: those, the norms' inputs, and the weights before and after the update


def elements_a_step() -> Counted:
    loop = Loop(1)
    loop._one_step()
    loop.sink.messages().clear()
    read, memory = 0, kernels._memory

    def counting(values: torch.Tensor | np.ndarray, in_order: bool = False) -> tuple[int, int, object]:
        nonlocal read
        found = memory(values, in_order)
        read += found[1]
        return found

    kernels._memory = counting
    try:
        loop._one_step()
    finally:
        kernels._memory = memory
    return Counted(sum(int(np.frombuffer(m.counts, "<u4").sum()) for m in loop.sink.messages() if isinstance(m, Histograms)), read)


def training(pairs: int, folder: str) -> list[Row]:
    loops: dict[str, Loop] = {
        "bare": Loop("never"),
        "bare again": Loop("never"),
        "auto": Loop("auto"),
        "every 10": Loop(10),
        "every 1": Loop(1),
        "TensorBoard every 1": TensorBoard(folder),
    }
    for loop in loops.values():
        loop.block()
    times: dict[str, list[float]] = {name: [] for name in loops}
    turns = random.Random(0)
    for _ in range(pairs):
        for name in turns.sample(list(loops), len(loops)):  # to and fro, the first would always come again at once, to warm caches
            times[name].append(loops[name].block())
    rows = [
        Row(f"steps/s, {name}", f"{1 / median(own):.0f}", "bare loop", median(b / t for b, t in zip(times["bare"], own, strict=True)))
        for name, own in times.items()
    ]
    elements = elements_a_step()
    extra = median(t - b for b, t in zip(times["bare"], times["every 1"], strict=True))
    rows.append(
        Row(
            "all of a measured step, ns/value read",
            f"{extra / elements.read * 1e9:.2f} × {elements.read:,} ({elements.histograms:,} into histograms)",
            "bare step",
            extra / median(times["bare"]),
        )
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
    with tempfile.TemporaryDirectory() as folder:
        return [kernel(), *training(pairs, folder)]
