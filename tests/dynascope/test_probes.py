"""Each probe against a naive twin in float64, on small real models."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from dynascope.messages import VALUE, Histograms, LayerStats
from dynascope.probes import Probe, discover
from dynascope.probes.sites import find_sites
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument
from tests.dynascope.test_batch import densify


class Block(nn.Module):
    def __init__(self, fan_in: int, fan_out: int, norm: nn.Module, act: nn.Module, after: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(fan_in, fan_out)
        self.norm = norm
        self.act = act
        self.after = after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.linear(x)
        return self.norm(self.act(x)) if self.after else self.act(self.norm(x))


class Net(nn.Module):
    """A layer of every sort that a twin is written for below."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden1 = Block(5, 8, nn.BatchNorm1d(8), nn.Tanh())
        self.hidden2 = Block(8, 12, nn.LayerNorm(12), nn.ReLU(inplace=True))
        self.hidden3 = Block(12, 6, nn.GroupNorm(2, 6), nn.Sigmoid(), after=True)
        self.head = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.hidden3(self.hidden2(self.hidden1(x))))


Table = dict[tuple[str, str], float]


def step(instrument: Instrument, model: nn.Module, x: torch.Tensor, n: int = 0) -> torch.Tensor:
    instrument.begin(n)
    loss = model(x).square().mean()
    loss.backward()
    instrument.after_backward()
    instrument.end(n)
    return loss


def measured(model: nn.Module, x: torch.Tensor) -> tuple[Table, dict[tuple[str, str], np.ndarray]]:
    """One measured step, as `{(layer, quantity): value}` of what applies and `{(layer, kind): counts}`."""
    sink = Memory()
    step(Instrument(model, sink, every=1), model, x)
    table: Table = {}
    for stats in (m for m in sink.messages() if isinstance(m, LayerStats)):
        values = np.frombuffer(stats.values, VALUE).reshape(len(stats.layers), len(stats.quantities))
        applies = np.frombuffer(stats.applies, np.uint8).reshape(values.shape)
        cells = ((layer, i, quantity, j) for i, layer in enumerate(stats.layers) for j, quantity in enumerate(stats.quantities))
        table |= {(layer, quantity): float(values[i, j]) for layer, i, quantity, j in cells if applies[i, j]}
        assert np.isnan(values[applies == 0]).all()
    histograms = [m for m in sink.messages() if isinstance(m, Histograms)]
    counts = {(layer, m.kind): densify(m)[0, i] for m in histograms for i, layer in enumerate(m.layers)}
    return table, counts


@pytest.fixture
def model() -> Net:
    torch.manual_seed(0)
    net = Net()
    net.hidden1.norm.running_mean.uniform_(-1, 1)
    net.hidden1.norm.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        for norm in (net.hidden1.norm, net.hidden2.norm, net.hidden3.norm):
            norm.weight.uniform_(0.5, 3)
            norm.bias.uniform_(-1, 1)
        net.hidden3.linear.weight *= 6
    return net


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(16, 5, generator=torch.Generator().manual_seed(1)) * 3


def twin_activations(model: Net, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The forward once more by hand, in float64, on a copy."""
    net = copy.deepcopy(model).double()
    net.hidden2.act.inplace = False
    a1 = net.hidden1(x.double())
    a2 = net.hidden2(a1)
    z3 = net.hidden3.linear(a2)
    a3 = torch.sigmoid(z3)
    return {"hidden1": a1, "hidden2": a2, "hidden3": a3, "head": net.head(net.hidden3.norm(a3))}


def test_activation_quantities_agree_with_a_naive_twin(model: Net, x: torch.Tensor) -> None:
    twin = twin_activations(model, x)
    table, _ = measured(model, x)
    for layer, a in twin.items():
        assert table[layer, "activation/mean"] == pytest.approx(a.mean().item(), rel=1e-5, abs=1e-6)
        assert table[layer, "activation/std"] == pytest.approx(a.std(correction=0).item(), rel=1e-5)
        assert table[layer, "activation/min"] == pytest.approx(a.min().item(), rel=1e-5, abs=1e-6)
        assert table[layer, "activation/max"] == pytest.approx(a.max().item(), rel=1e-5)


def test_saturation_is_read_by_activation(model: Net, x: torch.Tensor) -> None:
    twin = twin_activations(model, x)
    table, _ = measured(model, x)
    fraction = {
        "hidden1": (twin["hidden1"].abs() > 0.97).double().mean().item(),
        "hidden2": (twin["hidden2"] == 0).double().mean().item(),
        "hidden3": ((twin["hidden3"] < 0.03) | (twin["hidden3"] > 0.97)).double().mean().item(),
    }
    assert min(fraction.values()) > 0
    for layer, expected in fraction.items():
        assert table[layer, "activation/saturated"] == pytest.approx(expected)
    assert ("head", "activation/saturated") not in table


def test_an_inplace_activation_is_seen_after_it_and_its_norm_before_it(model: Net, x: torch.Tensor) -> None:
    inplace, _ = measured(copy.deepcopy(model), x)
    model.hidden2.act = nn.ReLU()
    plain, _ = measured(model, x)
    assert inplace == plain
    assert inplace["hidden2", "activation/min"] == 0


def test_gradient_and_weight_quantities_agree_with_a_naive_twin(model: Net, x: torch.Tensor) -> None:
    with torch.no_grad():
        model.hidden2.linear.weight[:3] = 0
    table, _ = measured(model, x)
    layers = {"hidden1": model.hidden1.linear, "hidden2": model.hidden2.linear, "hidden3": model.hidden3.linear, "head": model.head}
    for name, linear in layers.items():
        g, w = linear.weight.grad.double(), linear.weight.detach().double()
        assert table[name, "gradient/norm"] == pytest.approx(g.norm().item(), rel=1e-9)
        assert table[name, "gradient/std"] == pytest.approx(g.std(correction=0).item(), rel=1e-9)
        assert table[name, "weight/norm"] == pytest.approx(w.norm().item(), rel=1e-9)
        assert table[name, "weight/mean"] == pytest.approx(w.mean().item(), rel=1e-9, abs=1e-12)
        assert table[name, "weight/std"] == pytest.approx(w.std(correction=0).item(), rel=1e-9)
    assert table["hidden2", "weight/zeros"] == 3 / 12
    assert table["head", "weight/zeros"] == 0


def test_batch_norm_is_taken_against_its_running_statistics_before_this_forward(model: Net, x: torch.Tensor) -> None:
    norm = model.hidden1.norm
    z = model.hidden1.linear(x).detach().double()
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    shift = ((z.mean(0) - mean).abs() / variance.sqrt()).mean().item()
    ratio = (z.var(0, correction=1) / variance).log().mean().item()
    table, _ = measured(model, x)
    assert table["hidden1", "norm/mean_shift"] == pytest.approx(shift, rel=1e-5)
    assert table["hidden1", "norm/log_var_ratio"] == pytest.approx(ratio, rel=1e-5)
    assert ("hidden1", "norm/sample_std_mean") not in table


def test_the_variance_is_in_the_convention_of_the_running_buffer(x: torch.Tensor) -> None:
    """With momentum 1 the buffer is the last batch's: the same batch again must read as no change at all."""
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4, momentum=1.0))
    model(x)
    table, _ = measured(model, x)
    assert table["0", "norm/log_var_ratio"] == pytest.approx(0, abs=1e-6)
    assert table["0", "norm/mean_shift"] == pytest.approx(0, abs=1e-6)


def test_norms_by_sample_agree_with_a_naive_twin(model: Net, x: torch.Tensor) -> None:
    twin = twin_activations(model, x)
    net = copy.deepcopy(model).double()
    seen = {"hidden2": net.hidden2.linear(twin["hidden1"])[:, None, :], "hidden3": twin["hidden3"].reshape(16, 2, 3)}
    table, _ = measured(model, x)
    for layer, grouped in seen.items():
        mean, std = grouped.mean(2), grouped.std(2, correction=0)
        assert table[layer, "norm/sample_mean_spread"] == pytest.approx(mean.std(0, correction=0).mean().item(), rel=1e-5)
        assert table[layer, "norm/sample_std_spread"] == pytest.approx(std.std(0, correction=0).mean().item(), rel=1e-5)
        assert table[layer, "norm/sample_std_mean"] == pytest.approx(std.mean().item(), rel=1e-5)
        assert (layer, "norm/mean_shift") not in table


def test_gamma_and_beta_agree_with_a_naive_twin(model: Net, x: torch.Tensor) -> None:
    table, _ = measured(model, x)
    for layer in ("hidden1", "hidden2", "hidden3"):
        norm = model.get_submodule(layer).norm
        gamma, beta = norm.weight.detach().double(), norm.bias.detach().double()
        assert table[layer, "norm/gamma_mean"] == pytest.approx(gamma.mean().item())
        assert table[layer, "norm/gamma_std"] == pytest.approx(gamma.std(correction=0).item())
        assert table[layer, "norm/beta_mean"] == pytest.approx(beta.mean().item())
        assert table[layer, "norm/beta_std"] == pytest.approx(beta.std(correction=0).item())
    assert ("head", "norm/gamma_mean") not in table


@pytest.mark.parametrize(
    ("norm", "axes"),
    [(nn.BatchNorm2d(4), None), (nn.InstanceNorm2d(4), (4, 49)), (nn.LayerNorm([4, 7, 7]), (1, 196)), (nn.GroupNorm(2, 4), (2, 98))],
)
def test_convolutions_normalise_over_positions(norm: nn.Module, axes: tuple[int, int] | None) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 2), norm, nn.ReLU())
    images = torch.randn(6, 1, 8, 8)
    z = model[0](images).detach().double()
    table, counts = measured(model, images)
    assert counts["0", "activation"].sum() == 6 * 4 * 49
    if axes is None:
        ratio = z.transpose(0, 1).reshape(4, -1).var(1, correction=1).log().mean().item()
        assert table["0", "norm/log_var_ratio"] == pytest.approx(ratio, rel=1e-5)
    else:
        spread = z.reshape(6, *axes).mean(2).std(0, correction=0).mean().item()
        assert table["0", "norm/sample_mean_spread"] == pytest.approx(spread, rel=1e-5)


def test_histograms_count_every_element(model: Net, x: torch.Tensor) -> None:
    _, counts = measured(model, x)
    assert {kind for _, kind in counts} == {"activation", "gradient", "weight"}
    assert counts["hidden2", "activation"].sum() == 16 * 12
    assert counts["hidden2", "gradient"].sum() == counts["hidden2", "weight"].sum() == 8 * 12


def test_a_constant_channel_keeps_the_variance_ratio_finite() -> None:
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4))
    nn.init.zeros_(model[0].weight)
    table, _ = measured(model, torch.randn(8, 5))
    assert np.isfinite(table["0", "norm/log_var_ratio"])


def test_a_diverged_network_is_shown_and_not_hidden(model: Net, x: torch.Tensor) -> None:
    with torch.no_grad():
        model.hidden1.linear.weight[0, 0] = float("nan")
    table, counts = measured(model, x)
    assert np.isnan(table["hidden1", "norm/mean_shift"])
    assert counts["hidden1", "weight"][-3] == 1
    assert np.isnan(table["head", "activation/mean"])


@pytest.mark.parametrize("probe", discover(), ids=lambda probe: probe.name)
def test_every_probe_in_the_package_declares_itself(probe: type[Probe], model: Net) -> None:
    assert probe.name
    assert probe.at in ("activation", "norm", "backward", "update", "survey")
    assert probe.cost in ("free", "cheap", "on demand")
    built = probe(find_sites(model))
    built.reset()
    shape = (4, len(probe.quantities))
    assert built.values().shape == built.applies().shape == shape
    assert np.isnan(built.values()).all()
    assert all(quantity.count("/") == 1 for quantity in probe.quantities)


def test_no_two_probes_give_the_same_quantity() -> None:
    names = [quantity for probe in discover() for quantity in probe.quantities]
    assert len(names) == len(set(names))
    assert {"activation/saturated", "gradient/norm", "weight/zeros", "norm/mean_shift", "norm/log_var_ratio"} <= set(names)
