"""The decompositions against naive float64 twins, closed forms and their identities; and of a real study."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.studies import decomposition
from app.studies.decomposition import Kind, Targets, decompose
from tests.server import Server


def naive_squared(p: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """`(bias², variance)` by loops: bias² as the mean over pairs of different runs, which is unbiased by itself."""
    m, n = p.shape
    bias2 = variance = 0.0
    for i in range(n):
        deviations = [p[d, i] - target[i] for d in range(m)]
        bias2 += sum(a * b for x, a in enumerate(deviations) for y, b in enumerate(deviations) if x != y) / (m * (m - 1))
        mean = sum(deviations) / m
        variance += sum((d - mean) ** 2 for d in deviations) / (m - 1)
    return bias2 / n, variance / n


def probabilities(rng: np.random.Generator, m: int, n: int, k: int) -> np.ndarray:
    logits = rng.normal(0, 2, (1, n, k)) + rng.normal(0, 1, (m, n, k))
    exp = np.exp(logits)
    return np.asarray(exp / exp.sum(axis=2, keepdims=True))


def naive_cross_entropy(p: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """`(bias, variance)` without the jackknife, by the definition: the mean's cross-entropy, and the mean KL from it."""
    m, n, k = p.shape
    bias = variance = 0.0
    for i in range(n):
        mean = [np.prod([p[d, i, c] for d in range(m)]) ** (1 / m) for c in range(k)]
        mean = [value / sum(mean) for value in mean]
        bias -= np.log(mean[y[i]]) / n
        variance += sum(mean[c] * np.log(mean[c] / p[d, i, c]) for d in range(m) for c in range(k)) / m / n
    return bias, variance


def naive_zero_one(p: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """`(bias, net variance)` of Domingos' c₁N + B + c₂V, with c₂ = 1 where unbiased, else −P(right | not main)."""
    m, n, k = p.shape
    bias = net = 0.0
    for i in range(n):
        said = [int(np.argmax(p[d, i])) for d in range(m)]
        main = max(range(k), key=said.count)
        away = [s for s in said if s != main]
        if main == y[i]:
            net += len(away) / m
        else:
            bias += 1
            net -= (sum(s == y[i] for s in away) / len(away)) * (len(away) / m) if away else 0
    return bias / n, net / n


@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 10_000))
def test_squared_error_is_what_a_naive_twin_says_and_adds_up(m: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, f = rng.normal(0, 1, (m, n)) + rng.normal(0, 1, n), rng.normal(0, 1, n)
    y = f + rng.normal(0, 0.5, n)
    known = decompose("squared", p[:, :, None], Targets(y, f, 0.25))
    assert known is not None
    np.testing.assert_allclose((known.terms.bias2, known.terms.variance), naive_squared(p, f), atol=1e-12)
    np.testing.assert_allclose(known.terms.error, ((p - f) ** 2).mean() + 0.25, atol=1e-12)
    unknown = decompose("squared", p[:, :, None], Targets(y))
    assert unknown is not None
    assert unknown.terms.noise is None
    np.testing.assert_allclose((unknown.terms.bias2, unknown.terms.variance), naive_squared(p, y), atol=1e-12)
    np.testing.assert_allclose(unknown.terms.error, unknown.terms.measured, atol=1e-12)


@given(st.integers(2, 5), st.integers(1, 4), st.integers(2, 4), st.integers(0, 10_000))
def test_cross_entropy_and_zero_one_add_up_to_the_measured_error_and_agree_with_naive_twins(m: int, n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, y = probabilities(rng, m, n, k), rng.integers(0, k, n)
    entropy, zero_one = decompose("cross_entropy", p, Targets(y.astype(float))), decompose("zero_one", p, Targets(y.astype(float)))
    assert entropy is not None
    assert zero_one is not None
    bias, variance = naive_cross_entropy(p, y)
    jackknifed = m * variance - (m - 1) * np.mean([naive_cross_entropy(np.delete(p, d, axis=0), y)[1] for d in range(m)])
    error = -np.log(p[:, np.arange(n), y]).mean()
    np.testing.assert_allclose(bias + variance, error, atol=1e-10)
    np.testing.assert_allclose((entropy.terms.variance, entropy.terms.bias2), (jackknifed, error - jackknifed), atol=1e-10)
    np.testing.assert_allclose((zero_one.terms.bias2, zero_one.terms.variance), naive_zero_one(p, y), atol=1e-12)
    np.testing.assert_allclose(zero_one.terms.bias2 + zero_one.terms.variance, (p.argmax(axis=2) != y).mean(), atol=1e-12)
    np.testing.assert_allclose(zero_one.terms.error, zero_one.terms.measured)


def test_a_known_gaussian_is_found_without_a_bias_of_the_estimate_and_intervals_cover_it() -> None:
    """Predictions f + b + s·z: bias² b², variance s². Over 200 draws of 12 runs: means within 4 standard errors, cover above 85 %."""
    rng, b, s, m, n = np.random.default_rng(1), 0.3, 0.8, 12, 40
    f = np.sin(np.arange(n))
    found = [decompose("squared", (f + b + s * rng.normal(size=(m, n)))[:, :, None], Targets(f, f, 0.0)) for _ in range(200)]
    for name, true in (("bias2", b**2), ("variance", s**2)):
        values = np.array([getattr(one.terms, name) for one in found if one])
        assert abs(values.mean() - true) < 4 * values.std() / np.sqrt(len(values)), name
        covered = np.mean([one.low[name] <= true <= one.high[name] for one in found if one])
        assert covered > 0.85, name


def test_where_runs_differ_as_a_whole_the_bootstrap_covers_what_they_vary_by() -> None:
    """One shift a run, the same at every example: what resampling the runs has to see. Variance s², bias² 0."""
    rng, s, m = np.random.default_rng(2), 0.5, 30
    found = [decompose("squared", np.tile(s * rng.normal(size=(m, 1)), 20)[:, :, None], Targets(np.zeros(20))) for _ in range(200)]
    assert np.mean([one.low["variance"] <= s**2 <= one.high["variance"] for one in found if one]) > 0.85


def test_least_squares_has_the_variance_of_the_textbook() -> None:
    """σ² p / n at the design's own points, for fixed x; and no bias where the truth is in the model."""
    rng, sigma, n, p, m = np.random.default_rng(3), 0.3, 30, 6, 400
    a = rng.normal(size=(n, p))
    f = a @ rng.normal(size=p)
    hat = a @ np.linalg.pinv(a)
    found = decompose("squared", np.stack([hat @ (f + rng.normal(0, sigma, n)) for _ in range(m)])[:, :, None], Targets(f, f, sigma**2))
    assert found is not None
    assert found.terms.variance == pytest.approx(sigma**2 * p / n, rel=0.08)
    assert abs(found.terms.bias2) < sigma**2 * p / n * 0.05
    assert found.low["variance"] < sigma**2 * p / n < found.high["variance"]


def test_equal_runs_have_no_variance_and_one_run_has_none_to_tell() -> None:
    rng = np.random.default_rng(4)
    one = probabilities(rng, 1, 6, 3)
    y = rng.integers(0, 3, 6).astype(float)
    for kind in ("squared", "cross_entropy", "zero_one"):
        found = decompose(kind, np.repeat(one, 5, axis=0), Targets(y))  # type: ignore[arg-type]
        assert found is not None
        assert found.terms.variance == pytest.approx(0, abs=1e-12)
        assert found.terms.bias2 == pytest.approx(found.terms.measured)
        assert decompose(kind, one, Targets(y)) is None  # type: ignore[arg-type]


def test_the_jackknife_takes_most_of_the_bias_out_of_the_kl_variance() -> None:
    """Gaussian logits of two classes: the variance at 8 runs against that at 20,000."""
    rng = np.random.default_rng(5)
    z = rng.normal(0, 1.5, (20_000, 1))

    def as_p(logits: np.ndarray) -> np.ndarray:
        return np.stack([1 / (1 + np.exp(logits)), 1 / (1 + np.exp(-logits))], axis=2)

    whole = naive = jackknifed = 0.0
    logs = np.log(as_p(z))
    whole = float(-np.log(np.exp(logs.mean(axis=0)).sum()))
    for at in range(0, 8000, 8):
        p = as_p(z[at : at + 8])
        naive += float(-np.log(np.exp(np.log(p).mean(axis=0)).sum())) / 1000
        terms, _ = decomposition._cross_entropy(p, Targets(np.zeros(1)))
        jackknifed += terms.variance / 1000
    assert abs(jackknifed - whole) < 0.35 * abs(naive - whole)


@pytest.mark.parametrize("kind", ["squared", "cross_entropy", "zero_one"])
def test_the_same_runs_give_the_same_interval_and_it_holds_the_estimate(kind: Kind) -> None:
    rng = np.random.default_rng(6)
    p, y = probabilities(rng, 9, 30, 3), rng.integers(0, 3, 30).astype(float)
    first, again = decompose(kind, p, Targets(y)), decompose(kind, p, Targets(y))
    assert first == again
    assert first is not None
    for name in ("bias2", "variance", "error"):
        assert first.low[name] <= getattr(first.terms, name) <= first.high[name]


DEGREES: dict[str, Any] = {
    "data": {
        "name": "sine",
        "params": {"n": 160, "noise": 0.3, "equispaced": True},
        "batch_size": "full",
        "train_size": 30,
        "val_size": 40,
        "test_size": 90,
        "split_seed": 183,
        "resample": "fresh",
        "standardize": False,
    },
    "model": {"name": "polynomial"},
    "init": {"name": "zeros"},
    "norm": {"name": "none"},
    "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.5}},
    "stop": {"max_epochs": None, "max_steps": 60, "early": None},
}


def test_over_degrees_bias_falls_and_variance_rises_as_a_real_server_tells_it(server: Server) -> None:
    body = {"base": DEGREES, "axes": {"model.params.degree": [1, 5, 12]}, "seeds": 5}
    study = server.client.post("/api/studies", json=body).json()["id"]
    assert server.client.get(f"/api/studies/{study}/wait", params={"timeout": 100}, timeout=110).json()["status"] == "done"
    told = server.client.get(f"/api/studies/{study}/decomposition").json()
    assert (told["kind"], told["resample"]) == ("squared", "fresh")
    low, middle, high = told["by"]
    assert [one["capacity"] for one in told["by"]] == [1, 5, 12]
    assert [one["n"] for one in told["by"]] == [5, 5, 5]
    assert low["bias2"] > 5 * middle["bias2"] > 5 * high["bias2"]
    assert high["variance"] > middle["variance"] > low["variance"]
    for one in told["by"]:
        assert one["noise"] == pytest.approx(0.09)
        assert one["error"] == pytest.approx(one["bias2"] + one["variance"] + one["noise"])
        assert one["low"]["variance"] < one["variance"] < one["high"]["variance"]
    curves = told["curves"]
    assert [len(cell["runs"]) for cell in curves["by"]] == [5, 5, 5]
    np.testing.assert_allclose(curves["truth"], np.sin(2 * np.pi * np.array(curves["x"])), atol=6e-3)
    inside = np.abs(curves["x"]) < 0.9
    assert np.abs(np.array(curves["by"][2]["mean"]) - curves["truth"])[inside].max() < 0.4
    assert server.client.get(f"/api/studies/{study}/decomposition", params={"curves": False}).json()["curves"] is None
    refused = server.client.get(f"/api/studies/{study}/decomposition", params={"kind": "zero_one"})
    assert refused.status_code == 422
    assert "squared" in refused.json()["errors"][0]["msg"]
    assert server.client.get(f"/api/studies/{study}/path").status_code == 409
    assert server.client.get(f"/api/studies/{study}/decomposition", params={"axis": "seed"}).status_code == 404


def test_runs_without_a_common_test_set_are_refused_with_what_to_set(server: Server) -> None:
    body = {"base": {"stop": {"max_epochs": None, "max_steps": 1}}, "axes": {}, "seeds": 1}
    study = server.client.post("/api/studies", json=body).json()["id"]
    refused = server.client.get(f"/api/studies/{study}/decomposition")
    assert refused.status_code == 409
    assert "data.split_seed" in refused.json()["detail"]
    assert server.client.delete(f"/api/studies/{study}").status_code == 204
