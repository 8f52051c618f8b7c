"""Norms, inits, penalties and optimizers against twins in float64 and closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.trainer.running import spec_of
from trainer import registry
from trainer.build import build
from trainer.parts.inits import Fan
from trainer.parts.optimizers import step_of
from trainer.plan import plan

registry.discover()
EPS = 1e-5


def built_norm(name: str, channels: int) -> nn.Module:
    part = registry.part("norm", name)
    module = part.build(channels, 0, part.Params(), False)
    assert isinstance(module, nn.Module)
    with torch.no_grad():
        module.weight.copy_(torch.linspace(0.5, 1.5, channels))
        module.bias.copy_(torch.linspace(-1, 1, channels))
    return module


def twin(x: np.ndarray, upstream: np.ndarray, axis: int, gamma: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(output, gradient by x)` of γ·(x − μ)/√(σ² + ε) + β with μ and σ² along `axis`, by the chain rule on paper."""
    mean, var = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    hat = (x - mean) / np.sqrt(var + EPS)
    g = upstream * gamma
    grad = (g - g.mean(axis, keepdims=True) - hat * (g * hat).mean(axis, keepdims=True)) / np.sqrt(var + EPS)
    return hat * gamma + beta, grad


@settings(deadline=None, max_examples=40)
@given(name=st.sampled_from(["batch", "layer"]), n=st.integers(2, 40), channels=st.integers(2, 20), seed=st.integers(0, 1000))
def test_a_norm_equals_its_twin_forward_and_backward(name: str, n: int, channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, upstream = rng.normal(1, 2, (n, channels)), rng.normal(size=(n, channels))
    module = built_norm(name, channels).double()
    gamma, beta = np.linspace(0.5, 1.5, channels), np.linspace(-1, 1, channels)
    tensor = torch.tensor(x, requires_grad=True)
    out = module(tensor)
    out.backward(torch.tensor(upstream))
    expected, grad = twin(x, upstream, 0 if name == "batch" else 1, gamma, beta)
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-5, atol=1e-5)
    assert tensor.grad is not None
    np.testing.assert_allclose(tensor.grad.numpy(), grad, rtol=1e-5, atol=1e-5)


def test_batch_norm_keeps_running_statistics_and_uses_them_in_eval_mode() -> None:
    module = built_norm("batch", 3).double()
    x = np.random.default_rng(0).normal(2, 3, (16, 3))
    module(torch.tensor(x))
    mean, var = 0.1 * x.mean(0), 0.9 + 0.1 * x.var(0, ddof=1)
    expected = (x - mean) / np.sqrt(var + EPS) * np.linspace(0.5, 1.5, 3) + np.linspace(-1, 1, 3)
    np.testing.assert_allclose(module.eval()(torch.tensor(x)).detach().numpy(), expected, rtol=1e-6)


def drawn(name: str, fan: Fan, seed: int = 0, **params: object) -> torch.Tensor:
    part = registry.part("init", name)
    weight = torch.empty(fan.fan_out, fan.fan_in)
    with torch.no_grad():
        part.apply(weight, fan, part.Params(**params), torch.Generator().manual_seed(seed))
    return weight


@pytest.mark.parametrize("name", registry.names("activation"))
def test_an_activations_gain_is_torchs(name: str) -> None:
    part = registry.part("activation", name)
    known = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leaky_relu": "leaky_relu", "selu": "selu"}
    expected = nn.init.calculate_gain(known[name], 0.01 if name == "leaky_relu" else None) if name in known else 1.0  # type: ignore[arg-type]
    assert part.gain(part.Params()) == pytest.approx(expected)


@pytest.mark.parametrize("gain", [math.sqrt(2), 5 / 3, 1.0])
def test_kaiming_and_xavier_have_the_formulas_deviations(gain: float) -> None:
    fan = Fan(800, 1250, gain)
    he = drawn("kaiming_normal", fan)
    assert he.mean().abs() < 5 * he.std() / 1000
    assert he.std().item() == pytest.approx(gain / math.sqrt(800), rel=0.005)
    out = drawn("kaiming_normal", fan, fan_mode="fan_out")
    assert out.std().item() == pytest.approx(gain / math.sqrt(1250), rel=0.005)
    xavier, bound = drawn("xavier_uniform", fan, gain="auto"), gain * math.sqrt(6 / (800 + 1250))
    assert xavier.abs().max().item() <= bound * (1 + 1e-6)
    assert xavier.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert xavier.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.005)


def test_normal_and_constant_are_what_they_say() -> None:
    fan = Fan(1000, 1000, 1.0)
    assert drawn("normal", fan, std=0.2).std().item() == pytest.approx(0.2, rel=0.005)
    assert drawn("constant", fan, value=0.25).unique().tolist() == [0.25]


def test_two_inits_of_one_family_and_seed_are_one_draw_at_two_scales() -> None:
    fan = Fan(64, 32, 1.0)
    ratio = drawn("kaiming_normal", fan, 7) / drawn("normal", fan, 7)
    assert ratio.std().item() / ratio.mean().item() < 1e-6


def test_a_layers_draw_depends_on_seed_and_name_alone() -> None:
    deep, shallow = (build(plan(spec_of(1, model__params={"depth": depth}))).model.state_dict() for depth in (5, 2))
    same = [name for name in shallow if name.startswith("hidden") and name.endswith("weight") and shallow[name].ndim == 2]
    assert same
    assert all(torch.equal(deep[name], shallow[name]) for name in same)
    other = build(plan(spec_of(1, seed=1, model__params={"depth": 2}))).model.state_dict()
    assert not torch.equal(other[same[0]], shallow[same[0]])


def test_penalties_act_on_weights_alone() -> None:
    experiment = build(plan(spec_of(1)))
    linear = [m.weight for m in experiment.model.modules() if isinstance(m, nn.Linear)]
    assert [id(w) for w in experiment.weights] == [id(w) for w in linear]
    for p in experiment.model.parameters():
        p.grad = torch.zeros_like(p)
    registry.part("penalty", "subgradient").add_gradient(experiment.weights, 0.25, 0.5)
    for w in linear:
        assert w.grad is not None
        torch.testing.assert_close(w.grad, 0.25 * w.detach().sign() + w.detach())
    others = [p for p in experiment.model.parameters() if p.ndim < 2]
    assert all(p.grad is not None and not p.grad.any() for p in others)


def naive_sgd(w: np.ndarray, gradient: np.ndarray, state: dict[str, np.ndarray], lr: float) -> np.ndarray:
    state["v"] = 0.9 * state.get("v", np.zeros_like(w)) + gradient
    return np.asarray(w - lr * state["v"])


def naive_adam(w: np.ndarray, gradient: np.ndarray, state: dict[str, np.ndarray], lr: float) -> np.ndarray:
    state["t"] = state.get("t", np.zeros(1)) + 1
    state["m"] = 0.9 * state.get("m", np.zeros_like(w)) + 0.1 * gradient
    state["s"] = 0.999 * state.get("s", np.zeros_like(w)) + 0.001 * gradient**2
    m, s = state["m"] / (1 - 0.9 ** state["t"]), state["s"] / (1 - 0.999 ** state["t"])
    return np.asarray(w - lr * m / (np.sqrt(s) + 1e-8))


@pytest.mark.parametrize(("name", "naive", "lr"), [("sgd", naive_sgd, 0.02), ("adam", naive_adam, 0.01)])
def test_an_optimizer_with_penalties_follows_a_naive_loop_for_a_hundred_steps(name: str, naive, lr: float) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(3)
    x, y, start = rng.normal(size=(30, 6)), rng.normal(size=(30, 1)), rng.normal(size=(1, 6))
    part = registry.part("optimizer", name)
    layer = nn.Linear(6, 1, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(start))
    optimizer = part.build(part.Params(lr=lr), layer.parameters())
    update = step_of(optimizer)
    assert update.func is not type(optimizer).step, "torch's profiler range is not found any more: the step is right, and slower"  # type: ignore[attr-defined]
    w, state = start.copy(), {}  # type: ignore[var-annotated]
    for _ in range(100):
        nn.functional.mse_loss(layer(torch.tensor(x)), torch.tensor(y)).backward()
        registry.part("penalty", "subgradient").add_gradient([layer.weight], 1e-3, 1e-2)
        update()
        optimizer.zero_grad()
        gradient = 2 * (x @ w.T - y).T @ x / len(y) + 1e-3 * np.sign(w) + 2e-2 * w
        w = naive(w, gradient, state, lr)
    np.testing.assert_allclose(layer.weight.detach().numpy(), w, rtol=1e-6)
