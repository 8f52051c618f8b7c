"""How long a study of 6 inits × 5 norms × 5 seeds on digits takes through a real server.

The physical limit beside it: the same 150 trainings with nothing measured, kept or sent, in one bare loop on each core, in
processes that have imported everything before the clock starts.
"""

import multiprocessing
import os
import tempfile
import time
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from tests.server import Server

AXES: dict[str, list[str]] = {
    "init.name": ["default", "zeros", "normal", "xavier_normal", "kaiming_normal", "orthogonal"],
    "norm.name": ["none", "batch", "layer", "group", "rms"],
}
SEEDS = 5
CORES = min(2, os.cpu_count() or 1)


def main(axes: dict[str, list[str]] = AXES, seeds: int = SEEDS) -> list[Row]:
    through, stored, runs = _through_a_server(axes, seeds)
    bare = _bare(axes, seeds)
    return [
        Row(
            f"a study of {runs} runs on digits, s (bar: 360)",
            f"{through:.1f}",
            f"bare loops on {CORES} cores: {bare:.1f} s",
            bare / through,
        ),
        Row("its runs a second", f"{runs / through:.2f}", f"{runs / bare:.2f}", bare / through),
        Row("what it stored, MB a run", f"{stored / runs / 2**20:.2f}"),
    ]


def _through_a_server(axes: dict[str, list[str]], seeds: int) -> tuple[float, int, int]:
    """Seconds, bytes on disk, runs."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data").start()
        before = _bytes(server.data)
        began = time.perf_counter()
        made = server.client.post("/api/studies", json={"axes": axes, "seeds": seeds})
        assert made.status_code == 201, made.text
        while True:
            told = server.client.get(f"/api/studies/{made.json()['id']}/wait", params={"timeout": 20}).json()
            if told["status"] != "running":
                break
        seconds = time.perf_counter() - began
        assert told["runs"]["failed"] == 0, told
        stored = _bytes(server.data) - before
        server.stop()
        return seconds, stored, int(told["runs"]["total"])


def _bare(axes: dict[str, list[str]], seeds: int) -> float:
    """Seconds of the trainings alone."""
    pairs = [(init, norm, seed) for seed in range(seeds) for init in axes["init.name"] for norm in axes["norm.name"]]
    with multiprocessing.get_context("spawn").Pool(CORES, _import) as pool:
        _warm(pool)
        began = time.perf_counter()
        pool.map(_train, pairs, chunksize=1)
        return time.perf_counter() - began


def _warm(pool: Pool) -> None:
    """Each process has trained once."""
    pool.map(_train, [("default", "batch", 0)] * 4 * CORES, chunksize=1)


def _import() -> None:
    import torch

    from trainer import registry

    torch.set_num_threads(1)
    registry.discover()


def _train(pair: tuple[str, str, int]) -> float:
    """The loop and nothing else: plan, data, model, updates, and the validation that early stopping goes by."""
    import torch

    from trainer.build import build
    from trainer.early_stopping import EarlyStopping
    from trainer.generalisation import measured
    from trainer.plan import plan
    from trainer.spec import RunSpec

    init, norm, seed = pair
    spec: dict[str, Any] = {"init": {"name": init}, "norm": {"name": norm}, "seed": seed, "probes": {"every": "never"}}
    experiment = build(plan(RunSpec.model_validate(spec)))
    model, data, optimizer, planned = experiment.model, experiment.data, experiment.optimizer, experiment.plan
    early, parameters, last = EarlyStopping(planned.spec.stop.early), list(model.parameters()), 0.0
    for epoch in range(planned.steps // planned.steps_per_epoch + 1):
        model.eval()
        values = {f"val/{name}": value for name, value in measured(experiment, data.val).items()}
        model.train()
        if early.observe(epoch * planned.steps_per_epoch, values, model) or epoch == planned.steps // planned.steps_per_epoch:
            break
        for chosen in torch.randperm(len(data.train.y), generator=experiment.order).split(planned.batch):
            loss = experiment.loss(model(data.train.x[chosen]), data.train.y[chosen])
            loss.backward()
            optimizer.step()
            for parameter in parameters:
                parameter.grad = None
            last = loss.item()
    return last


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    for row in main():
        print(row)
