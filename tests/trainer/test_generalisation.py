"""What is told of training, validation and test on equal terms, against naive twins."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dynascope.messages import CELL, Matrix
from dynascope.sinks.memory import Memory
from tests.trainer.running import record_of, run, spec_of
from tests.trainer.test_resume import stopped
from trainer import generalisation, loop, registry
from trainer.build import Experiment, Split, build
from trainer.control import Commands
from trainer.plan import plan
from trainer.spec import RunSpec

registry.discover()


def told(sink: Memory, name: str) -> Matrix:
    return [m for m in sink.messages() if isinstance(m, Matrix) and m.name == name][-1]


def visits(spec: RunSpec, **more: Any) -> tuple[np.ndarray, Matrix]:
    sink = Memory()
    loop.run(spec, sink, Commands(), **more)
    matrix = told(sink, "visits")
    return np.frombuffer(matrix.values, CELL).astype(int), matrix


def by_class(experiment: Experiment, split: Split) -> np.ndarray:
    classes = generalisation.ByClass(experiment)
    generalisation.measure(experiment, split, classes)
    return classes.table()


def counted(spec: RunSpec, steps: int) -> np.ndarray:
    """How often each example is visited by so many steps: the order drawn anew each epoch, batch after batch."""
    experiment = build(plan(spec))
    count, n, batch = np.zeros(experiment.plan.sizes["train"], int), experiment.plan.sizes["train"], experiment.plan.batch
    made = 0
    while made < steps:
        order = torch.randperm(n, generator=experiment.order).tolist()
        for at in range(experiment.plan.steps_per_epoch):
            if made == steps:
                break
            for example in order[at * batch : (at + 1) * batch]:
                count[example] += 1
            made += 1
    return count


@pytest.mark.parametrize("steps", [1, 16, 17, 18, 40])
def test_visits_are_those_of_a_naive_count(steps: int) -> None:
    spec = spec_of(steps)
    got, matrix = visits(spec)
    assert (got == counted(spec, steps)).all()
    assert matrix.step == steps
    assert matrix.meta["train"] == {"examples": len(got), "least": got.min(), "most": got.max(), "total": got.sum()}
    assert matrix.meta["val"]["total"] == matrix.meta["test"]["total"] == 0


def test_a_last_batch_that_is_left_out_is_not_counted() -> None:
    spec = spec_of(50, data={"train_size": 321, "batch_size": 32})
    assert plan(spec).drops_last
    got, _ = visits(spec)
    assert (got == counted(spec, 50)).all()
    assert got.sum() == 50 * 32


@pytest.mark.slow
def test_visits_go_on_after_a_fork_and_a_resumption_in_the_midst_of_an_epoch(tmp_path: Path) -> None:
    spec = spec_of(60)
    file = stopped(tmp_path, spec, 25)
    for resumed in (True, False):
        got, _ = visits(spec, begin=file, resumed=resumed)
        assert (got == counted(spec, 60)).all()
    halves = spec_of(60, data__batch_size=32)  # another order from there on
    got, _ = visits(halves, begin=file)
    assert got.sum() == counted(spec, 25).sum() + len(counted(spec, 0)) + 32  # an epoch of 34 batches and one batch
    other, _ = visits(spec_of(60, data__train_size=500), begin=file)  # other examples: none of these was visited before
    assert other.sum() == sum(min(64, 500 - i % 8 * 64) for i in range(60 - 25))


@pytest.mark.slow
def test_an_early_stop_has_visited_every_example_equally_often() -> None:
    early = {"monitor": "val/loss", "patience": 2, "min_delta": 0.0, "restore_best": True}
    spec = spec_of(data={"label_noise": 0.4, "train_size": 300}, stop={"max_epochs": 100, "max_steps": None, "early": early})
    sink = Memory()
    loop.run(spec, sink, Commands())
    (stop,) = record_of(sink).of_kind("early_stop")
    got = np.frombuffer(told(sink, "visits").values, CELL)
    assert set(got) == {stop.step / plan(spec).steps_per_epoch}
    assert told(sink, "visits").meta["val"] == {"examples": plan(spec).sizes["val"], "least": 0, "most": 0, "total": 0}


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_the_table_of_classes_against_a_twin_in_float64(loss: str) -> None:
    spec = spec_of(1, loss=loss)
    experiment = build(plan(spec))
    table = by_class(experiment, experiment.data.val)
    x, y = experiment.data.val.x.double(), experiment.data.val.y
    output = experiment.model.double().eval()(x).detach().numpy()
    for k in range(10):
        rows = output[y.numpy() == k]
        if loss == "mse":
            losses = ((rows - np.eye(10)[k]) ** 2).mean(axis=1)
        else:
            shifted = rows - rows.max(axis=1, keepdims=True)
            losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[:, k]
        assert table[k, 0] == pytest.approx(losses.mean(), rel=1e-5)
        assert table[k, 1] == (rows.argmax(axis=1) == k).mean()
        assert table[k, 2] == len(rows)


def test_a_class_without_an_example_has_no_loss() -> None:
    experiment = build(plan(spec_of(1)))
    some = experiment.data.val.y < 9
    table = by_class(experiment, Split(experiment.data.val.x[some], experiment.data.val.y[some]))
    assert np.isnan(table[9, :2]).all()
    assert table[9, 2] == 0


def test_the_kept_state_is_told_of_all_three_sets_on_equal_terms() -> None:
    spec = spec_of(51, model__params={"dropout": 0.5})
    sink = Memory()
    loop.run(spec, sink, Commands())
    record = record_of(sink)
    classes = np.frombuffer(told(sink, "classes").values, CELL).reshape(10, 6)
    assert classes[:, 5].sum() == plan(spec).sizes["train"]
    weighted = (classes[:, 0] * classes[:, 2]).sum() / classes[:, 2].sum()
    assert record.values("val_eval/loss")[0] == pytest.approx(weighted, rel=1e-5)
    assert record.values("val_eval/loss") == record.values("val/loss")[-1:]
    assert record.values("train_eval/accuracy")[0] >= record.values("test/accuracy")[0] - 0.05
    gap = dict(zip(*record.points["gap/accuracy"], strict=True))
    assert set(gap) == set(record.points["gap/loss"][0])
    assert all(abs(value) <= 1 for value in gap.values())


def test_of_replaced_labels_both_the_wrong_and_the_true_are_counted() -> None:
    record = run(spec_of(40, data__label_noise=0.3))
    wrong, right = record.values("labels/wrong_learnt"), record.values("labels/right_given")
    assert all(0 <= a + b <= 1 + 1e-12 for a, b in zip(wrong, right, strict=True))
    assert right[-1] > wrong[-1], "after a few epochs the model gives the true class, against its labels"
    assert "labels/right_given" not in run(spec_of(3)).points
