"""Each story comes out as it is told, on a seed that it was not made with."""

from typing import Any

import numpy as np
import pytest

from dynascope.sinks.memory import Memory
from tests.trainer.running import Record, Steered, newest_by_layer, record_of
from trainer import loop, presets, registry
from trainer.control import Commands
from trainer.plan import plan
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
SEED = 2026
STORIES = {preset.name: preset for preset in presets.discover()}


def spec_of(name: str, arm: int, **more: Any) -> RunSpec:
    return RunSpec.model_validate(STORIES[name].arms[arm].spec | {"seed": SEED, "pace": None} | more)


def told(name: str, arm: int) -> tuple[Record, dict[str, np.ndarray]]:
    """A whole run, and its newest quantities by layer."""
    sink = Memory()
    loop.run(spec_of(name, arm), sink, Commands())
    return record_of(sink), newest_by_layer(sink)


def accuracy(name: str, arm: int) -> float:
    return told(name, arm)[0].values("test/accuracy")[0]


def findings(record: Record) -> set[str]:
    return {event.data["rule"] for event in record.of_kind("diagnosis")}


def test_there_are_eight_stories_and_each_can_be_run() -> None:
    assert [preset.order for preset in presets.discover()] == list(range(1, 9))
    for preset in STORIES.values():
        for arm in preset.arms:
            assert plan(RunSpec.model_validate(arm.spec)).steps <= 20_000


def test_the_boundary_by_heart_is_smoothed_by_l2() -> None:
    run = Steered(spec_of("memorised_boundary", 0, pace=2000.0))
    run.wait_for_step(1500)
    applied = run.ask("set", **{"penalty.l2": 0.01}).step
    run.wait_for_step(int(applied) + 210)
    run.ask("stop")
    record = run.end()
    losses = dict(zip(*record.points["val/loss"], strict=True))
    before = np.mean([loss for step, loss in losses.items() if applied - 100 <= step <= applied])
    after = min(loss for step, loss in losses.items() if applied < step <= applied + 200)
    assert after < before / 2
    assert findings(record) == {"overfitting"}  # another would take its sentence and its button


def test_of_three_beginnings_one_learns() -> None:
    records = [told("three_beginnings", arm)[0] for arm in range(3)]
    xavier, small, large = (record.values("test/accuracy")[0] for record in records)
    assert xavier > 0.93
    assert small < 0.15
    assert 0.15 < large < 0.6
    assert "vanishing" in findings(records[1])
    assert {"exploding", "saturated"} <= findings(records[2])


def test_depth_needs_batch_norm() -> None:
    assert accuracy("depth_and_batch_norm", 0) > 0.94
    plain, _ = told("depth_and_batch_norm", 1)
    assert plain.values("test/accuracy")[0] < 0.15
    assert "vanishing" in findings(plain)


def test_batches_of_two_are_too_few_for_batch_norm() -> None:
    batch, group, none = (1 - accuracy("batches_of_two", arm) for arm in range(3))
    assert batch > 0.3
    assert group < 0.1
    assert none < 0.1


def test_equal_weights_stay_equal() -> None:
    record, table = told("all_weights_equal", 0)
    assert record.values("test/accuracy")[0] <= 0.26
    assert table["weight/distinct_rows"][:-1].tolist() == [1.0, 1.0]
    assert "symmetry" in findings(record)
    assert accuracy("all_weights_equal", 1) > 0.93


def test_a_rate_of_two_kills_units_and_not_leaky_ones() -> None:
    record, table = told("dead_units", 0)
    assert table["activation/dead"][1] > 0.3
    assert "dead" in findings(record)
    assert accuracy("dead_units", 1) > 0.9


def test_noise_is_learnt_by_heart_after_the_best_epoch() -> None:
    record, _ = told("noise_by_heart", 0)
    (stop,) = record.of_kind("early_stop")
    assert stop.data["obeyed"] is False
    learnt, accuracies = record.values("labels/wrong_learnt"), record.values("val/accuracy")
    assert learnt[-1] > 0.9
    assert learnt[int(np.argmax(accuracies))] < 0.3
    assert max(accuracies) - record.values("test/accuracy")[0] > 0.02
    (replaced,) = record.of_kind("labels_replaced")
    assert replaced.data["count"] == 150


@pytest.mark.parametrize(("arm", "low", "high"), [(0, 160, 195), (1, 0, 0)], ids=["lasso", "ridge"])
def test_the_lasso_gives_true_zeros_and_ridge_none(arm: int, low: int, high: int) -> None:
    _, table = told("lasso_and_ridge", arm)
    assert low <= round(200 * table["weight/zeros"][0]) <= high
