"""Runs that share a split and draw their own training sets; what they tell at the end; the ready-made studies."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dynascope.messages import CELL, Matrix
from dynascope.sinks.memory import Memory
from tests.trainer.interpreter import Interpreter
from tests.trainer.running import run, spec_of
from tests.trainer.test_code import losses_of
from trainer import loop, registry, studies
from trainer.build import Data, build, derived
from trainer.code import script
from trainer.control import Commands
from trainer.expand import cells, count
from trainer.plan import PlanError, plan
from trainer.spec import RunSpec

registry.discover()
GENERATED = [name for name in registry.names("dataset") if registry.part("dataset", name).generated]
STUDIES = {study.name: study for study in studies.discover()}


def data_of(seed: int, **changes: Any) -> Data:
    return build(plan(spec_of(1, seed=seed, norm__name="none", model__name="linear", **changes))).data


def ends(spec: RunSpec) -> dict[str, tuple[np.ndarray, dict[str, Any]]]:
    """The matrices that a run told last."""
    sink = Memory()
    loop.run(spec, sink, Commands())
    return {m.name: (np.frombuffer(m.values, CELL).reshape(m.shape), m.meta) for m in sink.messages() if isinstance(m, Matrix)}


@pytest.mark.parametrize("how", ["none", "bootstrap", "subsample", "fresh"])
def test_runs_of_one_split_share_validation_and_test_and_draw_training_by_their_seeds(how: str) -> None:
    given = {"name": "moons", "split_seed": 7, "resample": how, "label_noise": 0.2, "standardize": False, "train_size": 100}
    a, again, b = (data_of(seed, data=given) for seed in (1, 1, 2))
    for one in (again, b):
        for which in ("val", "test"):
            assert torch.equal(getattr(a, which).x, getattr(one, which).x)
            assert torch.equal(getattr(a, which).y, getattr(one, which).y)
    assert torch.equal(a.train.x, again.train.x)
    assert torch.equal(a.train.y, again.train.y)
    assert torch.equal(a.train.x, b.train.x) == (how == "none")
    assert len(a.train.y) == len(a.corrupted) == len(a.true_labels) == 100
    assert torch.equal(a.corrupted, a.train.y != a.true_labels)
    assert 0.05 < a.corrupted.float().mean() < 0.4


def rows(data: Data) -> list[tuple[float, ...]]:
    return [tuple(row) for row in torch.cat([data.train.x, data.train.y[:, None].float()], dim=1).tolist()]


def test_a_bootstrap_repeats_examples_of_the_shared_set_each_with_one_label_and_leaves_a_third_out() -> None:
    given = {"name": "moons", "split_seed": 7, "label_noise": 0.3, "standardize": False, "params": {"n": 4000}}
    shared = set(rows(data_of(1, data=given)))
    drawn = rows(data_of(5, data=given | {"resample": "bootstrap"}))
    assert len(drawn) == len(shared)
    assert set(drawn) <= shared
    assert abs(len(set(drawn)) / len(shared) - (1 - np.exp(-1))) < 0.03


def test_a_subsample_draws_without_repeating_from_all_that_is_left() -> None:
    given = {"name": "moons", "split_seed": 7, "standardize": False}
    everything = set(rows(data_of(1, data=given)))
    drawn = [rows(data_of(seed, data=given | {"resample": "subsample", "train_size": 60})) for seed in range(8)]
    assert all(len(set(one)) == 60 and set(one) <= everything for one in drawn)
    assert len(set().union(*map(set, drawn))) > 180  # of 240: not always the same sixty


@pytest.mark.parametrize("name", GENERATED)
def test_fresh_examples_are_new_and_of_the_same_source(name: str) -> None:
    part = registry.part("dataset", name)
    params = part.Params()
    x, y = part.load(params, 3)
    new_x, new_y = part.fresh(params, 3, 4)
    assert new_x.shape == x.shape
    assert new_y.dtype == y.dtype
    assert not np.isin(new_x[:, 0].ravel(), x[:, 0].ravel()).all()
    if y.dtype == np.int64:
        for label in np.unique(y):
            spread = x[y == label].std(axis=0) + 0.1
            assert (np.abs(new_x[new_y == label].mean(axis=0) - x[y == label].mean(axis=0)) < spread).all()
    elif part.truth(params, 3, x) is not None:
        for of_x, of_y in ((x, y), (new_x, new_y)):
            known = part.truth(params, 3, of_x)
            assert (of_y - known.f).var() == pytest.approx(known.noise, rel=0.35, abs=1e-9)


def test_of_one_split_regression_inputs_on_a_grid_stay_and_their_noise_is_new() -> None:
    given = {"name": "sine", "params": {"equispaced": True}, "split_seed": 3, "resample": "fresh", "standardize": False}
    a, b = data_of(1, data=given), data_of(2, data=given)
    assert torch.equal(a.train.x, b.train.x)
    assert not torch.equal(a.train.y, b.train.y)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"resample": "bootstrap"}, "data.resample", "data.split_seed"),
    ({"resample": "fresh", "split_seed": 1}, "data.resample", "bootstrap or subsample"),
    ({"resample": "subsample", "split_seed": 1}, "data.train_size", "is all of them"),
    ({"resample": "subsample", "split_seed": 1, "train_size": 1079}, "data.train_size", "give a count below 1079"),
]


@pytest.mark.parametrize(("given", "loc", "says"), REFUSED)
def test_a_wrong_combination_is_refused_with_what_to_do(given: dict[str, Any], loc: str, says: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan(RunSpec.model_validate({"data": {"name": "digits", "val_size": 359, "test_size": 359} | given}))
    (error,) = refused.value.errors
    assert error.loc == loc
    assert says in error.msg
    assert error.got == given.get(loc.split(".")[1])


def test_a_polynomial_of_many_inputs_is_refused_and_what_fits_is_named() -> None:
    with pytest.raises(PlanError, match=r"model.name: reads one number an example and these data have 64; use sine"):
        plan(RunSpec.model_validate({"model": {"name": "polynomial"}}))


def test_legendre_features_are_numpys_and_orthonormal() -> None:
    model = build(plan(spec_of(1, data__name="sine", data__standardize=False, model={"name": "polynomial", "params": {"degree": 9}}))).model
    low, high = model.get_submodule("powers").span.tolist()
    x = torch.linspace(low - 0.05, high + 0.05, 2001, dtype=torch.float32)[:, None]
    t = (2 * x.double().numpy().ravel() - low - high) / (high - low)
    wanted = np.polynomial.legendre.legvander(t, 9)[:, 1:] * np.sqrt(2 * np.arange(1, 10) + 1)
    found = model.get_submodule("powers")(x).numpy()
    np.testing.assert_allclose(found, wanted, atol=2e-4)
    inside = np.abs(t) <= 1
    np.testing.assert_allclose(found[inside].T @ found[inside] / inside.sum(), np.eye(9), atol=0.03)


def test_the_study_of_degrees_ends_at_least_squares() -> None:
    """The predictions of a run against the closed form in float64, at the degree that converges most slowly."""
    base = STUDIES["bias_variance_degree"].base | {"model": {"name": "polynomial", "params": {"degree": 12}}, "seed": 4}
    spec = RunSpec.model_validate(base)
    found, data = ends(spec), build(plan(spec)).data
    degree = np.polynomial.Polynomial.fit(data.train.x.double().numpy().ravel(), data.train.y.double().numpy(), 12)
    np.testing.assert_allclose(found["predictions"][0][:, 0], degree(data.test.x.double().numpy().ravel()), atol=2e-4)


@pytest.mark.parametrize("standardize", [True, False])
def test_predictions_and_truth_are_in_the_datas_own_units(standardize: bool) -> None:
    spec = spec_of(3, data={"name": "sine", "split_seed": 2, "standardize": standardize}, norm__name="none", optimizer__params={"lr": 0.01})
    found, part = ends(spec), registry.part("dataset", "sine")
    x, y = part.load(part.Params(), derived(2, "data"))
    truth, meta = found["truth"]
    assert meta["columns"] == ["y", "f", "x"]
    assert meta["noise"] == pytest.approx(0.09)
    at = [int(np.argmin(np.abs(x[:, 0] - one))) for one in truth[:, 2]]
    np.testing.assert_allclose(truth[:, 0], y[at], atol=1e-5)
    np.testing.assert_allclose(truth[:, 1], np.sin(2 * np.pi * x[at, 0]), atol=1e-4)
    np.testing.assert_allclose(np.sin(2 * np.pi * np.linspace(*meta["curve"]["span"], 201)), meta["curve"]["f"], atol=1e-6)
    loss = run(spec).values("test/loss")[0]
    scale = build(plan(spec)).data.scale.y_std
    assert np.mean((found["predictions"][0][:, 0] - truth[:, 0]) ** 2) == pytest.approx(loss * scale**2, rel=1e-4)


def test_predictions_of_classes_are_probabilities_that_give_the_test_loss() -> None:
    spec = spec_of(20, data={"name": "wine", "split_seed": 2, "resample": "bootstrap"})
    found, record = ends(spec), run(spec)
    p, truth = found["predictions"][0], found["truth"][0]
    assert found["predictions"][1]["kind"] == "probabilities"
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert np.isnan(truth[:, 1]).all()
    assert -np.log(p[np.arange(len(p)), truth[:, 0].astype(int)]).mean() == pytest.approx(record.values("test/loss")[0], rel=1e-4)
    assert ends(spec_of(1, data={"name": "wine", "split_seed": 2}, loss="mse"))["predictions"][1]["kind"] == "scores"
    assert "predictions" not in ends(spec_of(1, data__name="wine"))


def test_kept_weights_are_the_models_with_what_made_the_data() -> None:
    given = {"name": "sparse_linear", "split_seed": 4, "batch_size": "full", "standardize": False}
    lasso = {"l1": 0.5, "method": "proximal"}
    spec = spec_of(50, data=given, model__name="linear", norm__name="none", optimizer={"name": "gd", "params": {"lr": 0.05}}, penalty=lasso)
    values, meta = ends(spec)["kept_weights"]
    assert values.shape == (1, 200)
    assert meta["zeros"] == (values == 0).sum() > 20
    assert meta["norm"] == pytest.approx(np.linalg.norm(values), rel=1e-5)
    assert (meta["of"], meta["alone"]) == (200, True)
    part = registry.part("dataset", "sparse_linear")
    np.testing.assert_array_equal(meta["true"], part.true_weights(part.Params(), derived(4, "data")))
    assert ends(spec_of(1, model__params={"width": 128}))["kept_weights"][0].shape == (0, 0)


#: As specs were stored before runs could share a split.
BEFORE: dict[str, dict[str, Any]] = {
    "wine": {"data": {"name": "wine", "batch_size": 16}},
    "digits": {"data": {"name": "digits", "label_noise": 0.3, "train_size": 300}},
    "sine": {"data": {"name": "sine"}, "norm__name": "none", "optimizer__params": {"lr": 0.01}},
}


@pytest.mark.parametrize("name", BEFORE)
def test_without_a_split_seed_it_is_the_runs_own(name: str) -> None:
    """To the last bit: what a run draws without one is what it draws with its own seed as one."""
    given = BEFORE[name]
    own = given | {"data": given["data"] | {"split_seed": 3}}
    without, with_it = (run(spec_of(10, seed=3, **one)).values("train/loss") for one in (given, own))
    assert without == with_it


SCRIPTED: list[dict[str, Any]] = [
    {
        "model": {"name": "polynomial", "params": {"degree": 9}},
        "data": {"name": "sine", "batch_size": "full", "split_seed": 5, "resample": "fresh"},
        "norm__name": "none",
        "optimizer": {"name": "gd"},
    },
    {
        "data": {"name": "sparse_linear", "split_seed": 5, "resample": "fresh", "standardize": False},
        "model__name": "linear",
        "optimizer__params": {"lr": 0.01},
    },
    {"data": {"name": "blobs", "split_seed": 5, "resample": "fresh", "label_noise": 0.2}},
    {"data": {"name": "digits", "split_seed": 5, "resample": "bootstrap", "label_noise": 0.2}},
    {"data": {"name": "diabetes", "split_seed": 5, "resample": "subsample", "train_size": 100}},
]


@pytest.mark.slow
@pytest.mark.parametrize("changes", SCRIPTED, ids=lambda c: c["data"]["name"])
def test_a_script_draws_the_same_training_set(changes: dict[str, Any], tmp_path: Path, interpreter: Interpreter) -> None:
    spec = spec_of(12, seed=11, **changes)
    assert losses_of(script(spec), tmp_path, interpreter) == run(spec).values("train/loss")


@pytest.mark.parametrize("name", STUDIES)
def test_every_cell_of_a_ready_made_study_can_be_run(name: str) -> None:
    study = STUDIES[name]
    base = RunSpec.model_validate(study.base)
    axes, made = {path: list(values) for path, values in study.axes.items()}, list[dict[str, Any]]()
    while len(made) < count(axes):
        made += cells(base, axes, len(made))
    assert 2 <= len(made) <= 40
    assert len(made) * study.seeds <= 250
    for cell in made:
        assert not cell["refused"], cell
    if study.view == "decomposition":
        assert base.data.split_seed is not None
        assert base.data.resample != "none"
    if study.view == "path":
        assert set(study.axes) <= {"penalty.l1", "penalty.l2"}
