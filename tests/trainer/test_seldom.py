"""Combinations that are seldom chosen: each trains, goes on, or is refused in words before anything starts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dynascope.messages import VALUE, LayerStats
from dynascope.probes.dead_units import DeadUnits
from dynascope.sinks.memory import Memory
from tests.trainer.interpreter import Interpreter
from tests.trainer.running import Record, Steered, record_of, run, spec_of
from tests.trainer.test_code import losses_of
from trainer import loop, registry
from trainer.build import FIT, build
from trainer.code import script
from trainer.control import Commands
from trainer.data import moments
from trainer.function import Function
from trainer.loop import SURVEYED
from trainer.plan import PlanError, plan
from trainer.spec import RunSpec

registry.discover()
UNTRACKED: dict[str, Any] = {"name": "batch", "params": {"track": False}}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": "diabetes", "val_size": 1},  # one example alone has no variance over it
        {"name": "diabetes", "test_size": 257, "split_seed": 1},  # 256 are predicted together, and one is left
        {"train_size": 200, "label_noise": 0.005},  # one replaced label
    ],
)
def test_batch_norm_without_running_statistics_trains_and_is_evaluated(data: dict[str, Any]) -> None:
    record = run(spec_of(20, norm=UNTRACKED, data=data))
    assert record.end is not None
    assert record.end.status == "finished"
    assert all(np.isfinite(record.values("val/loss")))


def test_evaluation_leaves_no_example_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(spec_of(20, norm__name="layer"))
    monkeypatch.setattr("trainer.generalisation.CHUNK", 179)  # of 359
    monkeypatch.setattr("trainer.generalisation.outputs_of.__defaults__", (179,))
    assert run(spec_of(20, norm__name="layer")).values("val/loss") == pytest.approx(whole.values("val/loss"), rel=1e-6)
    assert run(spec_of(20, norm=UNTRACKED)).end.status == "finished"  # type: ignore[union-attr]


@pytest.mark.parametrize("norm", [{"name": "layer"}, {"name": "group", "params": {"groups": 1}}])
def test_a_norm_of_one_value_is_refused(norm: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match="one value to normalise"):
        plan(spec_of(10, model__params={"width": 1}, norm=norm))


def test_momentum_that_begins_later_begins_from_nothing(tmp_path: Path, interpreter: Interpreter) -> None:
    spec = spec_of(60, optimizer={"name": "rmsprop"}, pace=200.0)
    run_ = Steered(spec)
    changed = run_.ask("set", **{"optimizer.params.momentum": 0.9})
    record = run_.end()
    assert record.end is not None
    assert record.end.status == "finished"
    text = script(spec, [(changed.step, changed.data["changes"])])
    assert losses_of(text, tmp_path, interpreter) == record.values("train/loss")
    checkpoint = leave(tmp_path, spec_of(25, optimizer={"name": "rmsprop"}))
    assert gone_on(checkpoint, spec_of(60, optimizer={"name": "rmsprop", "params": {"momentum": 0.9}})).values("test/loss")


def leave(folder: Path, spec: RunSpec) -> Path:
    sink = Memory()
    loop.run(spec, sink, Commands(), keeping=loop.Keeping(folder))
    return folder / str(record_of(sink).of_kind("checkpoint")[-1].data["file"])


def gone_on(checkpoint: Path, spec: RunSpec) -> Record:
    sink = Memory()
    loop.run(spec, sink, Commands(), begin=checkpoint)
    return record_of(sink)


def test_a_fork_of_a_run_that_stopped_early_has_patience_anew(tmp_path: Path) -> None:
    early = {"monitor": "val/loss", "patience": 2, "min_delta": 0.0, "restore_best": True}
    stop = {"max_epochs": 60, "max_steps": None, "early": early}
    data = {"label_noise": 0.4, "train_size": 300}
    checkpoint = leave(tmp_path, spec_of(data=data, stop=stop))
    fork = gone_on(checkpoint, spec_of(data=data, stop=stop, optimizer__params={"lr": 0.01}))
    assert len(fork.values("train/loss")) >= 5
    assert fork.of_kind("early_stop")[-1].step > fork.points["train/loss"][0][0]


def test_a_fork_to_a_norm_that_leaves_out_the_last_batch_begins_the_next_epoch(tmp_path: Path) -> None:
    data = {"train_size": 129, "batch_size": 64}  # the third batch holds one example
    checkpoint = leave(tmp_path, spec_of(2, data=data, norm__name="none"))
    fork = gone_on(checkpoint, spec_of(9, data=data, norm__name="batch"))
    assert fork.points["train/loss"][0] == list(range(2, 9))
    assert fork.points["val/loss"][0][0] == 2


def test_a_script_counts_as_the_run_does_and_refuses_other_patience(tmp_path: Path, interpreter: Interpreter) -> None:
    early = {"monitor": "val/accuracy", "patience": 3, "min_delta": 0.01, "restore_best": False}
    for seed in (15, 16, 17):
        spec = spec_of(seed=seed, data__val_size=100, stop={"max_epochs": 60, "max_steps": None, "early": early})
        assert losses_of(script(spec), tmp_path, interpreter) == run(spec).values("train/loss")
    with pytest.raises(PlanError, match=r"stop.early.patience: was changed on the way"):
        script(spec, [(5, {"stop.early.patience": 9})])


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1e21, 0.0), (3e-9, 0.0), (1.0, 2010.0)])
def test_moments_are_those_of_the_numbers_whatever_their_scale(scale: float, shift: float) -> None:
    values = (np.random.default_rng(0).normal(size=(100_000, 2)) * scale + shift).astype(np.float32)
    mean, std = moments(values)
    np.testing.assert_allclose(mean, values.astype(np.float64).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std, values.astype(np.float64).std(axis=0), rtol=1e-6)
    assert (mean.dtype, std.dtype) == (np.float32, np.float32)


def test_what_never_varies_keeps_its_scale_and_padding_does_not_count() -> None:
    values = np.array([[3.0, 0.0, 1.0], [3.0, 0.0, np.nan], [3.0, 0.0, 3.0]], np.float32)
    mean, std = moments(values)
    assert mean.tolist() == [3, 0, 2]
    assert std.tolist() == [1, 1, 1]


def test_scores_of_two_classes_are_drawn_so_that_a_half_is_where_they_meet() -> None:
    experiment = build(plan(spec_of(10, data__name="moons", loss="mse")))
    function = Function(experiment, Memory(), 1.0)
    drawn = function._values(torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.4, 0.6], [0.5, 0.5], [-1.0, 3.0]]))
    assert drawn.flatten().tolist() == pytest.approx([1.0, 0.0, 0.6, 0.5, 1.0])


def test_lsuv_looks_at_real_positions_alone() -> None:
    data = {"name": "sequential_digits", "params": {"variable": True}}
    experiment = build(plan(spec_of(10, data=data, model__name="transformer", norm__name="none", init__name="lsuv")))
    seen: dict[str, float] = {}

    def look(name: str) -> Any:
        def hook(module: Any, args: Any, output: torch.Tensor) -> None:
            real = getattr(experiment.model, "real_positions", None)
            if real is not None and output.ndim == 3 and output.shape[:2] == real.shape:
                seen.setdefault(name, float(output[real].var(correction=0)))

        return hook

    for name, module in experiment.model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(look(name))
    experiment.model.eval()
    with torch.no_grad():
        experiment.model(experiment.data.train.x[:FIT])
    assert seen
    assert list(seen.values()) == pytest.approx([1.0] * len(seen), abs=0.02)


def test_weights_of_zero_have_a_rank_again_as_soon_as_they_grow() -> None:
    sink = Memory()
    loop.run(spec_of(60, model={"name": "linear"}, init__name="zeros", probes={"every": 1}), sink, Commands())
    ranks = []
    for message in sink.messages():
        if isinstance(message, LayerStats) and "weight/stable_rank" in message.quantities:
            values = np.frombuffer(message.values, VALUE).reshape(-1, len(message.layers), len(message.quantities))
            ranks += values[:, 0, message.quantities.index("weight/stable_rank")].tolist()
    assert np.isnan(ranks[0])
    assert np.isfinite(ranks[1:]).all()
    assert len(ranks) > 2


def test_dead_units_are_judged_on_hundreds_of_examples_however_few_validate(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    look = DeadUnits.measure

    def counted(self: DeadUnits, row: int, output: torch.Tensor) -> None:
        seen.append(len(output) if row == 0 else 0)
        look(self, row, output)

    monkeypatch.setattr(DeadUnits, "measure", counted)
    record = run(spec_of(40, data={"train_size": 600, "val_size": 12}))
    assert sum(seen) >= SURVEYED * len(record.values("val/loss"))
