"""What is measured of padded sequences is of their real positions alone: against each sequence by itself, cut off, in float64."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dynascope import bins
from dynascope.messages import VALUE, LayerStats
from dynascope.probes.sites import find_sites
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument
from tests.dynascope.test_probes import measured, step
from trainer import registry
from trainer.parts.datasets import Shape
from trainer.parts.models import Model

POSITIONS, FEATURES, UNITS = 9, 3, 8
LENGTHS = (9, 5, 1, 7, 2, 6)


def model_of(name: str, activation: nn.Module, norm: str) -> nn.Module:
    registry.discover()
    torch.manual_seed(3)
    part: Model = registry.part("model", name)
    shape = Shape(len(LENGTHS), {"sequence": (POSITIONS, FEATURES)}, 4, padded=True)
    params = part.Params(**{"depth": 2, "width": UNITS})
    chosen = registry.part("norm", norm)

    def normed(channels: int, dims: int) -> nn.Module | None:
        return chosen.build(channels, dims, chosen.Params(), part.channels_last)

    made: nn.Module = part.build(shape, params, normed, lambda: copy.deepcopy(activation), "before_activation")
    return made


def padded() -> torch.Tensor:
    x = torch.randn(len(LENGTHS), POSITIONS, FEATURES, generator=torch.Generator().manual_seed(1))
    for row, length in zip(x, LENGTHS, strict=True):
        row[length:] = torch.nan
    return x


def twin(model: nn.Module, x: torch.Tensor) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """By layer: all that leaves it (its activation), and all that its norm gets, at real positions, [positions, units]."""
    model = copy.deepcopy(model).double().eval()
    out: dict[str, list[np.ndarray]] = {}
    into: dict[str, list[np.ndarray]] = {}

    def keep(where: dict[str, list[np.ndarray]], name: str, value: Any) -> None:
        tensor = value[0] if isinstance(value, tuple) else value
        where.setdefault(name, []).append(tensor.detach().reshape(-1, tensor.shape[-1]).numpy())

    for site in find_sites(model):
        site.output.register_forward_hook(lambda _m, _a, output, name=site.name: keep(out, name, output))
        if site.norm is not None:
            site.norm.register_forward_pre_hook(lambda _m, args, name=site.name: keep(into, name, args[0]))
    positions = getattr(model, "positions", None)
    table = None if positions is None else positions.fixed
    for row, length in zip(x.double(), LENGTHS, strict=True):
        if positions is not None:
            positions.fixed = table[:length]
        model(row[None, :length])
    return {k: np.concatenate(v) for k, v in out.items()}, {k: np.concatenate(v) for k, v in into.items()}


@pytest.mark.parametrize(("name", "norm"), [("rnn", "layer"), ("gru", "none"), ("lstm", "rms"), ("transformer", "layer")])
@pytest.mark.parametrize("activation", [nn.Tanh(), nn.ReLU()])
def test_padding_is_counted_nowhere(name: str, norm: str, activation: nn.Module) -> None:
    model, x = model_of(name, activation, norm), padded()
    table, counts = measured(model, x)
    activations, normed = twin(model, x)
    for site in find_sites(model):
        layer = site.name
        if layer.endswith("table"):
            continue
        a = activations[layer]
        assert counts[layer, "activation"].sum() == a.size
        assert table[layer, "activation/mean"] == pytest.approx(a.mean(), abs=1e-5)
        assert table[layer, "activation/std"] == pytest.approx(a.std(), rel=1e-4)
        assert table[layer, "activation/min"] == pytest.approx(a.min(), abs=1e-5)
        assert table[layer, "activation/max"] == pytest.approx(a.max(), abs=1e-5)
        if (layer, "activation/saturated") in table:
            share = np.mean(a == 0) if isinstance(activation, nn.ReLU) else np.mean(np.abs(a) > 0.97)
            assert table[layer, "activation/saturated"] == pytest.approx(share, abs=1.01 / a.size)
        if (layer, "norm/sample_std_mean") in table:
            std = normed[layer].std(axis=1)
            assert table[layer, "norm/sample_std_mean"] == pytest.approx(std.mean(), rel=1e-4)
            assert table[layer, "norm/sample_std_spread"] == pytest.approx(std.std(), rel=1e-3)
            assert table[layer, "norm/sample_mean_spread"] == pytest.approx(normed[layer].mean(axis=1).std(), rel=1e-3, abs=1e-6)
    zeros = sum(int(c[bins.ZERO]) for (_, kind), c in counts.items() if kind == "activation")
    if isinstance(activation, nn.Tanh) and norm == "none":
        assert zeros == 0


def test_a_unit_that_fires_in_the_padding_alone_is_dead() -> None:
    model, x = model_of("rnn", nn.ReLU(), "none"), padded()
    core = next(module for module in model.modules() if isinstance(module, nn.RNN))
    with torch.no_grad():  # a padded position is a zero, on which this unit fires; on the data, which are large, it does not
        core.bias_ih_l0[0], core.bias_hh_l0[0] = 1.0, 0.0
        core.weight_hh_l0[0], core.weight_ih_l0[0] = 0.0, torch.tensor([-100.0, 0.0, 0.0])
    x[..., 0] = x[..., 0].abs() + 1
    sink = Memory()
    instrument = Instrument(model, sink, every=1)
    with instrument.survey(0):
        model.eval()(x)
    (stats,) = (m for m in sink.messages() if isinstance(m, LayerStats))
    hidden = next(module for module in model.modules() if isinstance(module, nn.ReLU))
    alive = torch.zeros(UNITS, dtype=torch.bool)

    def look(_m: nn.Module, _a: Any, output: torch.Tensor) -> None:
        alive.logical_or_((output > 0).flatten(0, 1).any(0))

    hidden.register_forward_hook(look)
    for row, length in zip(x, LENGTHS, strict=True):
        model(row[None, :length])
    assert not alive[0]
    assert np.frombuffer(stats.values, VALUE)[0] == pytest.approx(1 - alive.float().mean().item())


def test_a_model_without_padding_is_looked_at_as_ever() -> None:
    model = model_of("gru", nn.Tanh(), "none")
    x = torch.randn(4, POSITIONS, FEATURES)
    table, counts = measured(model, x)
    assert counts["hidden1", "activation"].sum() == 4 * POSITIONS * UNITS
    loss = step(Instrument(model, Memory(), every=1), model, x)
    bare = model(x).square().mean()
    assert torch.equal(loss, bare)
    assert table
