"""An experiment in this process: what the queue would run, one run after the other, and what is measured of it."""

import re
from collections.abc import Iterable
from pathlib import Path

from dynascope.messages import Matrix
from dynascope.sinks.memory import Memory
from tests.trainer.running import record_of
from trainer import loop
from trainer.claims import Claim, Found, Ran
from trainer.claims.names import said
from trainer.control import Commands
from trainer.spec import RunSpec

#: What both languages write alike: functions, norms by their letters, units, and single letters of formulas.
ALIKE = re.compile(r"(?<![A-Za-z])(?:ReLU|leaky|tanh|log10|ms|BN|LN|IN|GN|L1|L2|QᵀQ|QQᵀ|[A-Za-z]|[0-9]D)(?![A-Za-z0-9_])")


def english(names: Iterable[str]) -> dict[str, str]:
    """Names that are not said wholly in Korean, with what they are said as."""
    return {name: called for name in names if re.search("[A-Za-z]", ALIKE.sub("", called := said(name, "ko")))}


def named(claim: Claim, seen: Found) -> list[str]:
    """What a reader meets: arms, curves, and numbers that no bound gives a label."""
    bounds = {bound.name for bound in claim.bounds}
    return [*claim.specs(0), *(curve.name for curve in seen.curves), *(name for name in seen.values if name not in bounds)]


def rehearsed(claim: Claim, seed: int, folder: Path) -> Found:
    return claim.measure(seed, {arm: ran(spec, folder / str(i)) for i, (arm, spec) in enumerate(claim.specs(seed).items())})


def ran(spec: dict[str, object], folder: Path) -> Ran:
    sink = Memory()
    loop.run(RunSpec.model_validate(spec), sink, Commands(), keeping=loop.Keeping(folder))
    record = record_of(sink)
    for message in sink.messages():  # layer quantities, as the series that the server makes of them
        if hasattr(message, "quantities"):
            _add_layers(record.points, message)
    record.points = {name: _by_step(*held) for name, held in record.points.items()}
    assert record.end is not None
    checkpoints = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
    return Ran(
        "rehearsed",
        record.end.status,
        {name: values[-1] for name, (_, values) in record.points.items()},
        {name: (steps, list(values)) for name, (steps, values) in record.points.items()},
        [{"kind": event.kind, "step": event.step, "data": event.data} for event in record.events],
        checkpoints[-1] if checkpoints else None,
        {message.name: message.meta for message in sink.messages() if isinstance(message, Matrix)},
    )


def _by_step(steps: list[float], values: list[float]) -> tuple[list[float], list[float]]:
    """A message holds points of several series: those of one are not in order when they came in different company."""
    order = sorted(range(len(steps)), key=steps.__getitem__)
    return [steps[i] for i in order], [values[i] for i in order]


def _add_layers(points: dict[str, tuple[list[float], list[float]]], message: object) -> None:
    import numpy as np

    from dynascope.messages import STEP, VALUE, LayerStats

    assert isinstance(message, LayerStats)
    steps = np.frombuffer(message.steps, STEP).tolist()
    table = np.frombuffer(message.values, VALUE).reshape(len(steps), len(message.layers), len(message.quantities))
    for i, layer in enumerate(message.layers):
        for j, quantity in enumerate(message.quantities):
            held = points.setdefault(f"layer/{layer}/{quantity}", ([], []))
            held[0].extend(steps)
            held[1].extend(table[:, i, j].tolist())
