"""A run that goes on from its own checkpoint, loop by loop: nothing tells it from one that never ended."""

import threading
from pathlib import Path
from typing import Any

import pytest

from dynascope.messages import Control
from dynascope.sinks.memory import Memory
from tests.trainer.running import Record, record_of, run, spec_of
from trainer import checkpoint, loop, registry
from trainer.control import Commands
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
STEPS = 60
SERIES = ("train/loss", "train/accuracy", "lr", "grad/norm", "penalty/l2", "test/loss", "test/accuracy", "train_eval/loss", "val_eval/loss")
STATEFUL: dict[str, Any] = {"model__params": {"dropout": 0.3, "depth": 2}, "norm__name": "batch", "penalty__l2": 1e-4}


def choices(optimizer: str) -> dict[str, Any]:
    batch = {"data": {"batch_size": "full"}} if optimizer == "gd" else {}
    return STATEFUL | batch | {"optimizer": {"name": optimizer, "schedule": {"name": "cosine"}, "clip_norm": 1.0}}


def stopped(folder: Path, spec: RunSpec, at: int) -> Path:
    """The checkpoint of a run of this spec that a user asked to stop at a step."""
    sink, commands = Memory(), Commands()
    whole = sink.scalars

    def scalars(step: float, values: Any) -> None:
        whole(step, values)
        if "train/loss" in values and step == at - 1:
            commands.put(Control(id="stop", action="stop"))

    sink.scalars = scalars  # type: ignore[method-assign]
    loop.run(spec, sink, commands, keeping=loop.Keeping(folder))
    return folder / f"{at}.safetensors"


def gone_on(file: Path, spec: RunSpec, **more: Any) -> Record:
    sink = Memory()
    loop.run(spec, sink, Commands(), begin=file, resumed=True, **more)
    return record_of(sink)


@pytest.mark.parametrize("optimizer", ["gd", "sgd", "adam", "adamw", "rmsprop", "adagrad"])
@pytest.mark.parametrize("at", [1, 17, 23, 34])
def test_every_optimizer_goes_on_bitwise_with_dropout_batch_norm_and_a_schedule(tmp_path: Path, optimizer: str, at: int) -> None:
    spec = spec_of(STEPS, **choices(optimizer))
    whole, rest = run(spec), gone_on(stopped(tmp_path, spec, at), spec)
    for name in (*SERIES, "val/loss", "gap/loss", "gap/accuracy"):
        points = [(s, v) for s, v in zip(*whole.points[name], strict=True) if s >= at]
        assert list(zip(*rest.points.get(name, ([], [])), strict=True)) == points, name
    assert not rest.of_kind("forked")


@pytest.mark.parametrize(
    "more",
    [
        {"data": {"name": "moons", "label_noise": 0.2, "batch_size": 16}},
        {"data": {"name": "sine", "batch_size": 10}},
        {"norm__name": "layer", "model__params": {"residual": True}},
        {"norm__name": "none", "penalty": {"method": "proximal", "l1": 1e-3}},
        {"init__name": "lsuv", "loss": "mse"},
    ],
)
def test_whatever_is_trained_goes_on_bitwise(tmp_path: Path, more: dict[str, Any]) -> None:
    spec = spec_of(STEPS, **more)
    whole, rest = run(spec), gone_on(stopped(tmp_path, spec, 29), spec)
    for name in ("train/loss", "val/loss", "test/loss"):
        assert list(zip(*rest.points[name], strict=True)) == [(s, v) for s, v in zip(*whole.points[name], strict=True) if s >= 29]


def test_checkpoints_on_the_way_change_nothing_are_told_and_the_newest_few_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that lets a second go by each time it is asked, so that one is due at every step."""
    spec = spec_of(STEPS, **choices("adam"))
    whole = run(spec)
    ticks = iter(range(10**9))
    monkeypatch.setattr("trainer.loop.time.monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr("trainer.checkpoint.SHARE", 1.0)
    sink = Memory()
    loop.run(spec, sink, Commands(), keeping=loop.Keeping(tmp_path, 0.1))
    monkeypatch.undo()
    record = record_of(sink)
    assert record.values("train/loss") == whole.values("train/loss")
    assert record.values("test/loss") == whole.values("test/loss")
    told = record.of_kind("checkpoint")
    automatic = [e for e in told if e.data["automatic"]]
    assert len(automatic) > 10
    left = sorted(int(path.name.split(".")[0]) for path in tmp_path.glob(f"*{checkpoint.AUTOMATIC}"))
    assert left == [int(e.step) for e in automatic[-checkpoint.KEPT :]]
    rest = gone_on(tmp_path / automatic[-1].data["file"], spec)
    assert rest.values("train/loss") == whole.values("train/loss")[left[-1] :]


def test_a_disk_that_is_full_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    failed: list[str] = []
    keeper = checkpoint.Keeper(tmp_path, 0.0, full, failed.append)
    assert keeper.due
    keeper.keep(3)
    assert "No space left" in failed[0]
    assert not checkpoint.Keeper(None, 0.0, full, failed.append).due


def test_live_changes_are_made_again_at_their_steps(tmp_path: Path) -> None:
    spec = spec_of(STEPS, **choices("sgd"))
    file = stopped(tmp_path, spec, 20)
    again = [(40, {"penalty.l2": 0.01}), (30, {"optimizer.params.lr": 0.02}), (STEPS, {"stop.max_steps": 80})]
    rest = gone_on(file, spec, again=again)
    assert [(e.step, e.data["changes"]) for e in rest.of_kind("control")] == sorted(again, key=lambda change: change[0])
    assert all(e.data["again"] for e in rest.of_kind("control"))
    assert rest.points["train/loss"][0] == list(range(20, 80))
    lost = dict(zip(*rest.points["penalty/l2"], strict=True))
    assert lost[40] > 20 * lost[39]


def test_a_checkpoint_that_does_not_fit_is_refused_whole(tmp_path: Path) -> None:
    file = stopped(tmp_path, spec_of(STEPS, norm__name="none"), 20)
    for other in (
        spec_of(STEPS),
        spec_of(STEPS, norm__name="none", optimizer__name="adam"),
        spec_of(STEPS, norm__name="none", data__train_size=500),
    ):
        with pytest.raises(checkpoint.Unreadable, match="does not fit"):
            gone_on(file, other)


def test_what_is_torn_altered_or_no_checkpoint_is_refused(tmp_path: Path) -> None:
    file = stopped(tmp_path, spec_of(STEPS), 20)
    sound = file.read_bytes()
    for broken in (sound[:-1], sound[: len(sound) // 2], b"", b"\0" * 100, sound[:-1] + bytes([sound[-1] ^ 1])):
        file.write_bytes(broken)
        with pytest.raises(checkpoint.Unreadable, match=r"torn|altered"):
            checkpoint.read(file)
    with pytest.raises(checkpoint.Unreadable, match="torn"):
        checkpoint.read(tmp_path / "none.safetensors")


def test_a_writer_that_dies_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(STEPS)
    file = stopped(tmp_path, spec, 20)
    sound = file.read_bytes()
    monkeypatch.setattr("trainer.checkpoint.os.fsync", lambda fd: (_ for _ in ()).throw(OSError("died here")))
    with pytest.raises(OSError, match="died here"):
        stopped(tmp_path, spec, 20)
    assert file.read_bytes() == sound
    assert threading.active_count() < 50
