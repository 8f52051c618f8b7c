"""Writing and reading a checkpoint (safetensors, moved into place) against `torch.save` and `torch.load` of the same tensors."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from benchmarks.rows import Row
from trainer import checkpoint, registry
from trainer.build import build
from trainer.early_stopping import EarlyStopping
from trainer.plan import plan
from trainer.spec import RunSpec

ROUNDS = 31


def main() -> list[Row]:
    registry.discover()
    spec = {"model": {"name": "mlp", "params": {"depth": 8, "width": 512}}, "optimizer": {"name": "adam", "params": {"lr": 1e-3}}}
    experiment = build(plan(RunSpec.model_validate(spec)))
    experiment.loss(experiment.model(experiment.data.train.x[:64]), experiment.data.train.y[:64]).backward()
    experiment.optimizer.step()
    progress, early = checkpoint.Progress(), EarlyStopping(None)
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = Path(folder) / "0.safetensors", Path(folder) / "0.pt"
        state = {"model": experiment.model.state_dict(), "optimizer": experiment.optimizer.state_dict()}
        ways: dict[str, tuple[Callable[[], object], Callable[[], object], str]] = {
            "write a checkpoint, ms": (
                lambda: checkpoint.save(ours, experiment, progress, early),
                lambda: torch.save(state, peer),
                "torch.save",
            ),
            "read it into model and optimizer, ms": (
                lambda: checkpoint.restore(ours, experiment, progress, early),
                lambda: _load(experiment, peer),
                "torch.load",
            ),
        }
        rows = []
        for name, (own, other, whose) in ways.items():
            times: tuple[list[float], list[float]] = ([], [])
            for turn in range(ROUNDS):
                for which in (0, 1) if turn % 2 else (1, 0):
                    began = perf_counter()
                    (own, other)[which]()
                    times[which].append(perf_counter() - began)
            ratio = median(b / a for a, b in zip(*times, strict=True))
            rows.append(Row(name, f"{median(times[0]) * 1e3:.1f} ({ours.stat().st_size / 1e6:.1f} MB)", whose, ratio))
    return rows


def _load(experiment, path: Path) -> None:  # type: ignore[no-untyped-def]
    state = torch.load(path)
    experiment.model.load_state_dict(state["model"])
    experiment.optimizer.load_state_dict(state["optimizer"])
