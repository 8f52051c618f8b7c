"""A run that goes on from another's state: bitwise the same where nothing was changed, and as much as fits where something was."""

from pathlib import Path
from typing import Any

import pytest

from dynascope.sinks.memory import Memory
from tests.trainer.running import Record, record_of, run, spec_of
from trainer import loop, registry
from trainer.control import Commands
from trainer.plan import PlanError, plan_fork
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
STEPS, AT = 60, 25


def part_way(folder: Path, spec: RunSpec) -> Path:
    """The checkpoint that a run of AT steps leaves."""
    loop.run(spec, Memory(), Commands(), keeping=loop.Keeping(folder))
    return folder / f"{AT}.safetensors"


def gone_on(checkpoint: Path, spec: RunSpec) -> Record:
    sink = Memory()
    loop.run(spec, sink, Commands(), begin=checkpoint)
    return record_of(sink)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
@pytest.mark.parametrize("model", [{"dropout": 0.3}, {}])
def test_a_fork_without_a_change_goes_on_bitwise(tmp_path: Path, optimizer: str, model: dict[str, Any]) -> None:
    choices: dict[str, Any] = {"optimizer": {"name": optimizer}, "model__params": model, "penalty": {"l2": 1e-4}}
    checkpoint = part_way(tmp_path, spec_of(AT, **choices))
    whole, fork = run(spec_of(STEPS, **choices)), gone_on(checkpoint, spec_of(STEPS, **choices))
    assert fork.points["train/loss"][0] == list(range(AT, STEPS))
    assert fork.values("train/loss") == whole.values("train/loss")[AT:]
    assert fork.values("test/loss") == whole.values("test/loss")
    later = {step: value for step, value in zip(*fork.points["val/loss"], strict=True) if step > AT}
    assert later.items() <= dict(zip(*whole.points["val/loss"], strict=True)).items()


def test_an_early_stop_remembers_what_it_had_seen(tmp_path: Path) -> None:
    early = {"monitor": "val/loss", "patience": 2, "min_delta": 0.0, "restore_best": True}
    choices: dict[str, Any] = {"data": {"label_noise": 0.4, "train_size": 300}}
    checkpoint = part_way(tmp_path, spec_of(AT, **choices, stop={"max_epochs": None, "max_steps": AT, "early": early}))
    spec = spec_of(**choices, stop={"max_epochs": 100, "max_steps": None, "early": early})
    whole, fork = run(spec), gone_on(checkpoint, spec)
    assert [e.data for e in fork.of_kind("early_stop")] == [e.data for e in whole.of_kind("early_stop")]
    assert fork.values("test/loss") == whole.values("test/loss")


def test_a_changed_norm_keeps_the_weights_that_fit(tmp_path: Path) -> None:
    checkpoint = part_way(tmp_path, spec_of(AT, norm__name="none"))
    fork = gone_on(checkpoint, spec_of(STEPS, norm__name="layer"))
    (told,) = fork.of_kind("forked")
    assert told.data["kept"] == 10
    assert all(".norm." in name for name in told.data["fresh"])
    assert fork.end is not None
    assert fork.end.status == "finished"


def test_a_fork_with_nothing_left_to_do_is_refused() -> None:
    with pytest.raises(PlanError, match="give more to go on"):
        plan_fork(spec_of(AT), {}, AT)
    assert plan_fork(spec_of(AT), {"stop.max_steps": STEPS}, AT).steps == STEPS


def test_a_fork_may_choose_another_part_and_gets_its_defaults() -> None:
    planned = plan_fork(spec_of(STEPS), {"optimizer.name": "adam", "optimizer.schedule.name": "cosine"}, AT)
    assert planned.spec.optimizer.params["lr"] == 1e-3
    assert planned.spec.optimizer.schedule is not None
    assert planned.spec.optimizer.schedule.params == {"warmup": 0, "floor": 0.0}


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = part_way(tmp_path, spec_of(AT))
    monkeypatch.setattr("trainer.checkpoint.VERSION", 99)
    with pytest.raises(ValueError, match="version 2; version 99 is understood"):
        gone_on(checkpoint, spec_of(STEPS))
