"""What the built-in trainer costs: its whole loop with default series and probes, against the shortest loop in plain PyTorch.

Both train the digits with the same network, one thread. Whole runs alternate; the ratio is the median over pairs.
"""

import gc
from collections.abc import Sequence
from statistics import median
from time import perf_counter

import torch

from benchmarks.rows import Row
from dynascope.messages import Layer
from dynascope.sinks.memory import Memory
from trainer import loop, registry
from trainer.build import build
from trainer.control import Commands
from trainer.plan import plan
from trainer.spec import RunSpec

#: The default run has 340 steps.
STEPS, PAIRS = {"mlp": 680, "cnn2d": 340, "lstm": 340, "transformer": 340}, 11


class Stamped(Memory):
    """When training began and when it was over."""

    def started(self, layers: Sequence[Layer], preloaded: bool) -> None:
        super().started(layers, preloaded)
        self.began = perf_counter()

    def ended(self, status: str, reason: str, step: float) -> None:
        self.over = perf_counter()
        super().ended(status, reason, step)


MODELS = ("mlp", "cnn2d", "lstm", "transformer")


def spec(every: str = "auto", model: str = "mlp") -> RunSpec:
    stop = {"max_epochs": None, "max_steps": STEPS[model], "early": None}
    return RunSpec.model_validate({"model": {"name": model}, "stop": stop, "probes": {"every": every}})


def built_in(every: str, model: str = "mlp") -> float:
    """Seconds a step, evaluations, series and measuring in it."""
    sink = Stamped()
    loop.run(spec(every, model), sink, Commands())
    return (sink.over - sink.began) / STEPS[model]


def plain(model: str = "mlp", watching: bool = False, fused: bool | None = None) -> float:
    """Seconds a step of forward, backward and update; `watching` reads the loss at each and validates after each epoch."""
    experiment = build(plan(spec("never", model)))
    net, train, val = experiment.model, experiment.data.train, experiment.data.val
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, fused=fused)
    began = perf_counter()
    for step in range(STEPS[model]):
        at = step % experiment.plan.steps_per_epoch
        if at == 0:
            order = torch.randperm(len(train.y), generator=experiment.order)
            if watching:
                net.eval()
                with torch.no_grad():
                    torch.nn.functional.cross_entropy(net(val.x), val.y).item()
                net.train()
        chosen = order[at * 64 : (at + 1) * 64]
        loss = torch.nn.functional.cross_entropy(net(train.x[chosen]), train.y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if watching:
            loss.item()
    return (perf_counter() - began) / STEPS[model]


def main() -> list[Row]:
    torch.set_num_threads(1)
    registry.discover()
    gc.collect()
    gc.freeze()  # as a trainer process has it; else a collection goes through all of torch in the midst of some run
    return [row for model in MODELS for row in compared(model)]


def compared(model: str) -> list[Row]:
    ways = {
        "plain loop": lambda: plain(model),
        "plain loop with torch's fused optimizer": lambda: plain(model, fused=True),
        "plain loop that reads its loss and validates": lambda: plain(model, watching=True),
        "built-in, not measured": lambda: built_in("never", model),
        "built-in, default series and probes (bar: 0.9)": lambda: built_in("auto", model),
    }
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for pair in range(PAIRS):
        for name in list(ways) if pair % 2 == 0 else list(reversed(ways)):
            times[name].append(ways[name]())
    shortest = times["plain loop"]
    return [
        Row(f"steps/s, {model}, {name}", f"{1 / median(own):.0f}", "plain loop", median(p / t for p, t in zip(shortest, own, strict=True)))
        for name, own in times.items()
    ]


if __name__ == "__main__":
    for row in main():
        print(row)
