"""Commands are applied at a step boundary, answered once, and kept as an event with the step."""

from dynascope.messages import Control
from tests.trainer.running import Steered, run, spec_of
from trainer.control import Commands


def test_a_run_pauses_steps_goes_on_and_stops_at_the_step_that_it_answers() -> None:
    steered = Steered(spec_of(100_000, pace=200))
    paused = steered.ask("pause")
    assert paused.data["status"] == "paused"
    stepped = steered.ask("step")
    assert (stepped.step, stepped.data["status"]) == (paused.step, "paused")
    assert steered.ask("pause").step == paused.step + 1
    resumed = steered.ask("resume")
    assert resumed.data["status"] == "running"
    stopped = steered.ask("stop")
    record = steered.end()
    assert record.end is not None
    assert (record.end.status, record.end.step) == ("stopped", stopped.step)
    assert record.points["train/loss"][0] == list(range(int(stopped.step)))


def test_a_change_holds_from_its_step_on() -> None:
    steered = Steered(spec_of(100_000, pace=200))
    for _ in range(3):
        steered.ask("step")
    changed = steered.ask("set", optimizer__params__lr=0.01, penalty__l2=1e-3)
    assert changed.step > 0
    for _ in range(3):
        steered.ask("step")
    steered.ask("stop")
    record = steered.end()
    rates = dict(zip(*record.points["lr"], strict=True))
    assert all(rate == (0.1 if step < changed.step else 0.01) for step, rate in rates.items())
    penalties = dict(zip(*record.points["penalty/l2"], strict=True))
    assert all((value > 0) == (step >= changed.step) for step, value in penalties.items())


def test_a_refused_change_changes_nothing_and_says_why() -> None:
    steered = Steered(spec_of(100_000, pace=200))
    refused = steered.ask("set", model__params__depth=2, optimizer__params__lr=0.5)
    steered.ask("step")
    steered.ask("pause")
    assert refused.data["error"]["errors"][0]["loc"] == "model.params.depth"
    steered.ask("stop")
    assert set(steered.end().values("lr")) == {0.1}


def test_a_command_that_comes_twice_is_obeyed_once() -> None:
    commands = Commands()
    for _ in range(2):
        commands.put(Control(id="a", action="step", changes={}))
    commands.put(Control(id="b", action="stop", changes={}))
    record = run(spec_of(50), commands)
    assert [event.data["id"] for event in record.of_kind("control")] == ["a", "b"]


def test_pace_changes_no_loss() -> None:
    assert run(spec_of(15)).points["train/loss"] == run(spec_of(15, pace=500)).points["train/loss"]
