"""The loop against plain PyTorch written out here; the same twice; the state that each point is of."""

import math

import pytest
import torch
from torch import nn

from tests.trainer.running import run, spec_of
from trainer import generalisation, registry
from trainer.build import build
from trainer.early_stopping import EarlyStopping
from trainer.plan import plan
from trainer.spec import EarlySpec, RunSpec

STEPS = 40


def plain_losses(spec: RunSpec) -> list[float]:
    """The same network and data, and the shortest honest loop; the penalty as part of the loss, by autograd."""
    registry.discover()
    experiment = build(plan(spec))
    model, train = experiment.model, experiment.data.train
    lr, momentum = spec.optimizer.params["lr"], spec.optimizer.params["momentum"]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, fused=True)
    weights = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
    losses: list[float] = []
    while len(losses) < STEPS:
        for chosen in torch.randperm(len(train.y), generator=experiment.order).split(64):
            loss = nn.functional.cross_entropy(model(train.x[chosen]), train.y[chosen])
            penalty = spec.penalty.l1 * sum(w.abs().sum() for w in weights) + spec.penalty.l2 * sum(w.square().sum() for w in weights)
            optimizer.zero_grad()
            (loss + penalty).backward()
            optimizer.step()
            losses.append(loss.item())
    return losses[:STEPS]


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_losses_are_bitwise_those_of_a_plain_loop(norm: str) -> None:
    spec = spec_of(STEPS, norm__name=norm, optimizer__params={"lr": 0.05, "momentum": 0.9})
    assert run(spec).values("train/loss") == plain_losses(spec)


def test_the_penalty_is_the_one_that_the_contract_adds_to_the_loss() -> None:
    spec = spec_of(STEPS, penalty={"l1": 1e-4, "l2": 1e-3}, optimizer__params={"lr": 0.05, "momentum": 0.9})
    assert run(spec).values("train/loss") == pytest.approx(plain_losses(spec), rel=2e-4)
    assert run(spec).values("train/loss") != plain_losses(spec_of(STEPS, optimizer__params={"lr": 0.05, "momentum": 0.9}))


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_the_same_spec_and_seed_are_bitwise_the_same_measured_or_not(norm: str) -> None:
    runs = [run(spec_of(STEPS, norm__name=norm, probes={"every": every})) for every in (1, 1, "never")]
    assert runs[0].points["train/loss"] == runs[1].points["train/loss"] == runs[2].points["train/loss"]
    assert runs[0].points["val/loss"] == runs[2].points["val/loss"]


def test_another_seed_is_another_run() -> None:
    assert run(spec_of(3, seed=1)).values("train/loss") != run(spec_of(3, seed=2)).values("train/loss")


def test_points_come_at_the_steps_that_the_contract_says() -> None:
    record = run(spec_of(STEPS))
    per_epoch = plan(spec_of(STEPS)).steps_per_epoch
    assert record.points["train/loss"][0] == list(range(STEPS))
    assert record.points["val/loss"][0] == [0, per_epoch, 2 * per_epoch]
    assert record.points["test/accuracy"][0] == [STEPS]
    assert record.end is not None
    assert (record.end.status, record.end.step) == ("finished", STEPS)


def test_an_evaluation_leaves_buffers_and_mode_as_they_were() -> None:
    registry.discover()
    experiment = build(plan(spec_of(1)))
    before = {name: value.clone() for name, value in experiment.model.state_dict().items()}
    generalisation.measure(experiment, experiment.data.val)
    assert experiment.model.training
    assert all(torch.equal(value, before[name]) for name, value in experiment.model.state_dict().items())


def test_a_loss_that_is_no_number_ends_the_run_as_diverged_with_all_up_to_it() -> None:
    record = run(spec_of(200, norm__name="none", model__params={"depth": 6}, optimizer__params={"lr": 1e18}))
    losses = record.values("train/loss")
    assert record.end is not None
    assert record.end.status == "diverged"
    assert not math.isfinite(losses[-1])
    assert all(math.isfinite(v) for v in losses[:-1])
    assert record.points["train/loss"][0] == list(range(len(losses)))
    assert "test/loss" not in record.points


def test_standardisation_uses_the_training_data_alone() -> None:
    registry.discover()
    data = build(plan(RunSpec())).data
    varying = data.train.x.std(0, correction=0) > 0
    assert data.train.x.mean(0).abs().max() < 1e-5
    assert (data.train.x.std(0, correction=0)[varying] - 1).abs().max() < 1e-4
    assert data.val.x.mean(0).abs().max() > 1e-3


def test_label_noise_moves_its_share_of_training_labels_and_remembers_the_truth() -> None:
    registry.discover()
    clean, noisy = (build(plan(spec_of(1, data__label_noise=share))).data for share in (0.0, 0.3))
    assert torch.equal(noisy.true_labels, clean.train.y)
    assert torch.equal(noisy.train.y != clean.train.y, noisy.corrupted)
    assert int(noisy.corrupted.sum()) == round(0.3 * len(clean.train.y))
    assert torch.equal(noisy.val.y, clean.val.y)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_empty_spec_reads_digits(seed: int) -> None:
    assert run(RunSpec(seed=seed)).values("test/accuracy")[0] >= 0.95


def test_patience_counts_evaluations_and_an_improvement_must_exceed_min_delta() -> None:
    early = EarlyStopping(EarlySpec(monitor="val/loss", patience=2, min_delta=0.1, restore_best=True))
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    seen = []
    for step, loss in enumerate([1.0, 0.95, 0.8, float("nan"), 0.75]):
        with torch.no_grad():
            model[0].weight.fill_(step)
            model[1].running_mean.fill_(step)  # type: ignore[union-attr, operator]
        seen.append(early.observe(step, {"val/loss": loss}, model))
    assert seen == [False, False, False, False, True]
    assert (early.best_step, early.best) == (2, 0.8)
    assert early.restore(model)
    assert model[0].weight.unique().tolist() == [2.0]
    assert model[1].running_mean.unique().tolist() == [2.0]  # type: ignore[union-attr, operator]


def test_an_early_stop_keeps_the_best_state_and_tests_that_one() -> None:
    early = {"monitor": "val/loss", "patience": 2, "min_delta": 0.0, "restore_best": True}
    record = run(spec_of(data__label_noise=0.4, data__train_size=300, stop={"max_epochs": 200, "max_steps": None, "early": early}))
    (stop,) = record.of_kind("early_stop")
    steps, losses = record.points["val/loss"]
    assert stop.data["best_step"] == steps[losses.index(min(losses))]
    assert record.end is not None
    assert record.end.status == "finished"
    short = run(spec_of(int(stop.data["best_step"]), data__label_noise=0.4, data__train_size=300))
    assert record.values("test/loss") == short.values("test/loss")
