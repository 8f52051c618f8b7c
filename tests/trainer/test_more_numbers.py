"""The parts for vectors beyond the first ones: against formulas, twins in float64 and ten-line loops."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.trainer.running import run, spec_of
from tests.trainer.test_numbers import drawn
from trainer import registry
from trainer.build import build
from trainer.parts.inits import Fan
from trainer.plan import plan

registry.discover()
EPS = 1e-5
State = dict[str, np.ndarray]


def grouped_twin(x: np.ndarray, upstream: np.ndarray, groups: int, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """`(output, gradient by x)` of (x − μ)/√(mean (x − μ)² + ε) in each of `groups` of a row, without γ and β; μ = 0 where not centred."""
    rows, given = x.reshape(len(x) * groups, -1), upstream.reshape(len(x) * groups, -1)
    mean = rows.mean(1, keepdims=True) * centred
    size = np.sqrt(np.mean((rows - mean) ** 2, axis=1, keepdims=True) + EPS)
    hat = (rows - mean) / size
    grad = (given - centred * given.mean(1, keepdims=True) - hat * (given * hat).mean(1, keepdims=True)) / size
    return hat.reshape(x.shape), grad.reshape(x.shape)


@settings(deadline=None, max_examples=30)
@given(
    name=st.sampled_from(["group", "rms"]), n=st.integers(1, 20), per=st.integers(2, 6), groups=st.integers(1, 5), seed=st.integers(0, 999)
)
def test_group_and_rms_norm_equal_their_twins_forward_and_backward(name: str, n: int, per: int, groups: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = groups if name == "group" else 1
    channels = per * groups
    x, upstream = rng.normal(1, 2, (n, channels)), rng.normal(size=(n, channels))
    part = registry.part("norm", name)
    params = part.Params(groups=groups) if name == "group" else part.Params()
    part.check(channels, 0, params)
    tensor = torch.tensor(x, requires_grad=True)
    out = part.build(channels, 0, params, False).double()(tensor)
    out.backward(torch.tensor(upstream))
    expected, grad = grouped_twin(x, upstream, groups, centred=name == "group")
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-5, atol=1e-5)
    assert tensor.grad is not None
    np.testing.assert_allclose(tensor.grad.numpy(), grad, rtol=1e-5, atol=1e-5)


WIDE = Fan(800, 1250, math.sqrt(2))


@pytest.mark.parametrize(
    ("name", "params", "std", "largest"),
    [
        ("xavier_normal", {}, math.sqrt(2 / 2050), None),
        ("xavier_normal", {"gain": "auto"}, math.sqrt(4 / 2050), None),
        ("kaiming_uniform", {}, math.sqrt(2 / 800), math.sqrt(6 / 800)),
        ("kaiming_uniform", {"fan_mode": "fan_out", "gain": 1.0}, math.sqrt(1 / 1250), math.sqrt(3 / 1250)),
        ("uniform", {"bound": 0.3}, 0.3 / math.sqrt(3), 0.3),
        ("truncated_normal", {"std": 0.5, "cut": 2.0}, 0.5 * 0.87962566, 1.0),
        ("default", {}, 1 / math.sqrt(3 * 800), 1 / math.sqrt(800)),
        ("zeros", {}, 0.0, 0.0),
    ],
)
def test_a_draw_of_a_million_has_the_formulas_deviation(name: str, params: dict[str, object], std: float, largest: float | None) -> None:
    weight = drawn(name, WIDE, **params)
    assert weight.std().item() == pytest.approx(std, rel=0.005)
    assert abs(weight.mean().item()) <= 5 * std / 1000
    if largest is not None:
        assert weight.abs().max().item() == pytest.approx(largest, rel=2e-3)


@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (40, 90), (90, 40)])
def test_orthogonal_is_so_in_the_smaller_dimension(rows: int, columns: int) -> None:
    q = drawn("orthogonal", Fan(columns, rows, 1.0), gain=2.0).double() / 2
    small = q @ q.T if rows <= columns else q.T @ q
    torch.testing.assert_close(small, torch.eye(min(rows, columns)).double(), atol=1e-5, rtol=0)


def test_lsuv_gives_every_layer_unit_variance_on_training_data() -> None:
    spec = spec_of(1, init={"name": "lsuv", "params": {"tolerance": 0.01}}, norm__name="none", model__activation={"name": "sigmoid"})
    experiment = build(plan(spec))
    seen: list[float] = []
    for layer in experiment.model.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda m, a, out: seen.append(out.var(correction=0).item()))
    experiment.model.eval()(experiment.data.train.x[:1024])
    assert seen == pytest.approx([1.0] * len(seen), abs=0.011)


def test_the_default_init_is_torchs_own_distribution_for_biases_too() -> None:
    experiment = build(plan(spec_of(1, init__name="default", model__params={"depth": 1, "width": 512})))
    bias = experiment.model.get_submodule("hidden1.linear").bias
    assert isinstance(bias, torch.Tensor)
    assert bias.std().item() == pytest.approx(1 / math.sqrt(3 * 64), rel=0.1)


def gd(w: np.ndarray, g: np.ndarray, state: State, lr: float) -> np.ndarray:
    return np.asarray(w - lr * g)


def adamw(w: np.ndarray, g: np.ndarray, state: State, lr: float) -> np.ndarray:
    state["t"] = state.get("t", np.zeros(1)) + 1
    state["m"] = 0.9 * state.get("m", np.zeros_like(w)) + 0.1 * g
    state["s"] = 0.999 * state.get("s", np.zeros_like(w)) + 0.001 * g**2
    m, s = state["m"] / (1 - 0.9 ** state["t"]), state["s"] / (1 - 0.999 ** state["t"])
    return np.asarray(w * (1 - lr * 0.01) - lr * m / (np.sqrt(s) + 1e-8))


def rmsprop(w: np.ndarray, g: np.ndarray, state: State, lr: float) -> np.ndarray:
    state["s"] = 0.99 * state.get("s", np.zeros_like(w)) + 0.01 * g**2
    return np.asarray(w - lr * g / (np.sqrt(state["s"]) + 1e-8))


def adagrad(w: np.ndarray, g: np.ndarray, state: State, lr: float) -> np.ndarray:
    state["s"] = state.get("s", np.zeros_like(w)) + g**2
    return np.asarray(w - lr * g / (np.sqrt(state["s"]) + 1e-10))


@pytest.mark.parametrize("naive", [gd, adamw, rmsprop, adagrad], ids=lambda f: f.__name__)
def test_an_optimizer_follows_a_naive_loop_for_a_hundred_steps(naive: Callable[..., np.ndarray]) -> None:
    rng = np.random.default_rng(3)
    x, y, start = rng.normal(size=(30, 6)), rng.normal(size=(30, 1)), rng.normal(size=(1, 6))
    part = registry.part("optimizer", naive.__name__)
    layer = nn.Linear(6, 1, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(start))
    optimizer = part.build(part.Params(lr=0.02), layer.parameters())
    w, state = start.copy(), {}  # type: ignore[var-annotated]
    for _ in range(100):
        nn.functional.mse_loss(layer(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
        optimizer.zero_grad()
        w = naive(w, 2 * (x @ w.T - y).T @ x / len(y), state, 0.02)
    np.testing.assert_allclose(layer.weight.detach().numpy(), w, rtol=1e-6)


def test_a_proximal_step_is_soft_thresholding_and_stops_at_exactly_zero() -> None:
    w = torch.tensor([[1.0, -0.3, 0.05, -0.05, 0.0]])
    registry.part("penalty", "proximal").shrink([w], 0.1, 1.0, 2.0)
    torch.testing.assert_close(w, torch.tensor([[0.9, -0.2, 0.0, 0.0, 0.0]]) / 1.4)
    assert (w == 0).sum() == 3


def test_decoupled_decay_under_plain_sgd_is_the_penalty() -> None:
    common = {"optimizer": {"params": {"momentum": 0.0, "lr": 0.05}}}
    losses = [
        run(spec_of(40, **common, penalty={"l2": 0.01, "method": method})).values("train/loss") for method in ("decoupled", "subgradient")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("cosine", {"warmup": 3, "floor": 0.1}, lambda s: (s + 1) / 4 if s < 3 else 0.1 + 0.9 * (1 + math.cos(math.pi * (s - 3) / 97)) / 2),
        ("linear", {"warmup": 0, "floor": 0.0}, lambda s: 1 - s / 100),
        ("step", {"every": 30, "gamma": 0.5}, lambda s: 0.5 ** (s // 30)),
        ("exponential", {"half_life": 20}, lambda s: 2 ** (-s / 20)),
    ],
)
def test_a_schedule_gives_the_rate_of_its_formula(name: str, params: dict[str, float], expected: Callable[[int], float]) -> None:
    record = run(spec_of(100, optimizer={"schedule": {"name": name, "params": params}, "params": {"lr": 0.05}}))
    assert record.values("lr") == pytest.approx([0.05 * expected(step) for step in range(100)])


def test_mse_on_classes_is_against_one_hot_targets() -> None:
    record = run(spec_of(1, loss="mse"))
    experiment = build(plan(spec_of(1, loss="mse")))
    chosen = torch.randperm(len(experiment.data.train.y), generator=experiment.order)[:64]
    output = experiment.model(experiment.data.train.x[chosen]).detach().numpy().astype(np.float64)
    expected = np.mean((output - np.eye(10)[experiment.data.train.y[chosen].numpy()]) ** 2)
    assert record.values("train/loss")[0] == pytest.approx(expected, rel=1e-5)
