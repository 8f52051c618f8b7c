"""Paths along λ against closed forms; the rule for the two ends at its edges; and of a real study."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.studies.paths import MARGIN, Kept, band, path
from tests.server import Server

LAMBDAS = [1e-4, 1e-2, 0.3, 1.0, 10.0]


def kept(train: float, val: float, weights: np.ndarray | None = None) -> Kept:
    w = np.zeros(3) if weights is None else weights
    return Kept(float(np.linalg.norm(w)), int((w == 0).sum()), w.size, {"train": train, "val": val, "test": val}, w)


def ridge(seed: int, strength: float) -> Kept:
    """The minimum of the mean squared error + λ‖w‖² in closed form: 30 examples, 25 features of which 5 matter."""
    rng = np.random.default_rng(seed)
    w = np.r_[np.ones(5), np.zeros(20)]
    x, held = rng.normal(size=(30, 25)), rng.normal(size=(400, 25))
    y, of_held = x @ w + rng.normal(0, 1, 30), held @ w + rng.normal(0, 1, 400)
    found = np.linalg.solve(x.T @ x / 30 + strength * np.eye(25), x.T @ y / 30)
    return kept(float(((x @ found - y) ** 2).mean()), float(((held @ found - of_held) ** 2).mean()), found)


def test_ridge_in_closed_form_overfits_at_one_end_and_underfits_at_the_other() -> None:
    found = path({strength: {seed: ridge(seed, strength) for seed in range(20)} for strength in LAMBDAS}, True)
    norms = [point.norm for point in found.points]
    assert norms == sorted(norms, reverse=True)
    assert found.best in LAMBDAS[1:-1]
    assert found.low is not None
    assert found.high is not None
    assert (found.low.verdict, found.high.verdict) == ("overfit", "underfit")
    assert found.low.evidence["train"].high < 0 < found.low.evidence["val"].low
    assert all(point.zeros == 0 for point in found.points)
    medians = np.median([ridge(seed, LAMBDAS[2]).weights for seed in range(20)], axis=0)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.points[2].weights, medians)  # type: ignore[arg-type]
    by_seed = path({strength: {seed: ridge(seed, strength) for seed in (5, 3)} for strength in LAMBDAS}, False)
    np.testing.assert_array_equal(by_seed.points[2].weights, ridge(3, LAMBDAS[2]).weights)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "verdict"),
    [
        ((0.1, 1.2), "overfit"),  # trains better, validates worse
        ((0.9, 1.2), "fits"),  # both worse: that is no overfitting
        ((0.1, 1 + 0.9 * MARGIN), "fits"),  # hardly worse
    ],
)
def test_the_low_end_is_named_by_what_was_measured(low: tuple[float, float], verdict: str) -> None:
    found = path({0.0: {1: kept(*low)}, 1.0: {1: kept(0.5, 1.0)}, 2.0: {1: kept(0.8, 1.3)}}, True)
    assert found.low is not None
    assert found.high is not None
    assert (found.low.verdict, found.high.verdict) == (verdict, "underfit")
    assert found.best == 1.0


def test_an_end_that_only_some_seeds_call_worse_fits() -> None:
    runs = {1.0: {s: kept(0.5, 1.0) for s in range(6)}, 5.0: {s: kept(0.6, 1.0 + (0.9 if s % 2 else -0.6)) for s in range(6)}}
    high = path(runs, True).high
    assert high is not None
    assert high.verdict == "fits"
    assert high.evidence["val"].low < 0 < high.evidence["val"].mean


def test_runs_that_are_missing_or_not_finite_are_left_out() -> None:
    found = path({1.0: {1: kept(0.5, 1.0)}, 2.0: {}, 3.0: {1: kept(0.5, float("nan")), 2: kept(0.5, 2.0)}}, True)
    assert [point.strength for point in found.points] == [1.0, 3.0]
    assert found.points[1].errors["val"].mean == 2.0
    assert found.high is None  # seed 1 has no finite value there, seed 2 none at the best λ
    assert path({}, True).best is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_a_band_holds_its_mean_and_is_the_same_for_the_same_values(values: list[float]) -> None:
    found = band(values)
    slack = 1e-9 * (1 + abs(found.mean))
    assert found == band(values)
    assert found.low - slack <= np.mean(values) <= found.high + slack
    assert min(values) - slack <= found.low
    assert found.high <= max(values) + slack


SPARSE: dict[str, Any] = {
    "data": {
        "name": "sparse_linear",
        "params": {"n": 200, "features": 60, "informative": 5},
        "batch_size": "full",
        "train_size": 50,
        "val_size": 70,
        "test_size": 80,
        "split_seed": 0,
        "resample": "fresh",
        "standardize": False,
    },
    "model": {"name": "linear"},
    "init": {"name": "zeros"},
    "norm": {"name": "none"},
    "optimizer": {"name": "gd", "params": {"lr": 0.05}},
    "stop": {"max_epochs": None, "max_steps": 300, "early": None},
}


def told_path(server: Server, term: str, method: str) -> dict[str, Any]:
    body = {"base": SPARSE | {"penalty": {"method": method}}, "axes": {f"penalty.{term}": [0.01, 0.3, 3.0]}, "seeds": 2}
    study = server.client.post("/api/studies", json=body).json()["id"]
    assert server.client.get(f"/api/studies/{study}/wait", params={"timeout": 100}, timeout=110).json()["status"] == "done"
    return dict(server.client.get(f"/api/studies/{study}/path").json())


def test_along_the_lassos_path_zeros_are_exact_and_become_more_and_along_ridges_there_are_none(server: Server) -> None:
    lasso, ridges = told_path(server, "l1", "proximal"), told_path(server, "l2", "subgradient")
    zeros = [point["zeros"] for point in lasso["by"]]
    assert zeros == sorted(zeros)
    assert zeros[0] < zeros[1] - 10
    assert [point["zeros"] for point in ridges["by"]] == [0, 0, 0]
    norms = [point["norm"] for point in ridges["by"]]
    assert norms == sorted(norms, reverse=True)
    for told in (lasso, ridges):
        assert [point["lambda"] for point in told["by"]] == [0.01, 0.3, 3.0]
        assert all(len(point["weights"]) == 60 for point in told["by"])
        assert told["weights_of"] == "median"
    true = np.array(lasso["true"])
    assert (true != 0).sum() == 5
    assert (np.array(lasso["by"][1]["weights"])[true != 0] != 0).all()
    assert lasso["best"]["lambda"] == 0.3
    assert (lasso["ends"]["low"]["verdict"], lasso["ends"]["high"]["verdict"]) == ("overfit", "underfit")
