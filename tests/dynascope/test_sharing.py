"""Modules that layers share, and probes that raise: neither ends a training nor mixes two layers' numbers."""

import logging
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from dynascope import watch
from dynascope.messages import VALUE, Event, LayerStats
from dynascope.probes import At, Cost, Probe, discover
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument
from tests.dynascope.test_probes import Net, measured, step
from tests.dynascope.test_watch import hooks


class Shared(nn.Module):
    """One ReLU for both layers, registered before, between or after them."""

    def __init__(self, order: str, width: int) -> None:
        super().__init__()
        for name in order.split():
            setattr(self, name, {"a": nn.Linear(3, 4), "b": nn.Linear(4, width), "act": nn.ReLU()}[name])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.b(self.act(self.a(x))))


def dead(model: nn.Module, *batches: torch.Tensor) -> dict[str, float]:
    """What a survey says of each layer that it says something of."""
    sink = Memory()
    with Instrument(model, sink, every=1).survey(0), torch.no_grad():
        for x in batches:
            model(x)
    found: dict[str, float] = {}
    for m in (m for m in sink.messages() if isinstance(m, LayerStats)):
        values, applies = np.frombuffer(m.values, VALUE), np.frombuffer(m.applies, np.uint8)
        found |= {layer: value for layer, value, is_one in zip(m.layers, values, applies, strict=True) if is_one}
    return found


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize(("order", "with_act"), [("a b act", "b"), ("a act b", "a"), ("act a b", "")])
def test_an_activation_that_is_used_twice_is_read_after_its_own_layer_alone(order: str, with_act: str, width: int) -> None:
    torch.manual_seed(0)
    model, x = Shared(order, width), torch.randn(16, 3)
    with torch.no_grad():
        model.a.bias[0], model.b.bias[:2] = -100, -100
        a, b = model.a(x), model.b(torch.relu(model.a(x)))
    table, counts = measured(model, x)
    for name, z in (("a", a), ("b", b)):
        expected = torch.relu(z) if name == with_act else z
        assert counts[name, "activation"].sum() == z.numel()
        assert table[name, "activation/mean"] == pytest.approx(expected.mean().item(), rel=1e-5)
    share = {"a": 1 / 4, "b": 2 / width}
    found = dead(model, x, x)
    assert set(found) == set(with_act)
    for name in with_act:
        assert found[name] >= share[name]
        assert found[name] == pytest.approx(((a, b)["ab".index(name)] <= 0).all(dim=0).double().mean().item())


def test_an_activation_that_is_registered_for_each_layer_is_surveyed_for_each() -> None:
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(3, 4), act, nn.Linear(4, 8), act)
    with torch.no_grad():
        model[0].bias[:] = torch.tensor([-100.0, 100, 100, 100])
        model[2].bias[:] = torch.tensor([-1e5] * 6 + [1e5] * 2)
    assert dead(model, torch.randn(5, 3), torch.randn(5, 3)) == {"0": 1 / 4, "2": 6 / 8}


def test_a_layer_keeps_its_activation_where_another_runs_between_them() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.act, self.shortcut = nn.Linear(3, 4), nn.Tanh(), nn.Linear(3, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.linear(x) + self.shortcut(x))

    model, x = Residual(), torch.randn(16, 3)
    assert measured(model, x)[0]["linear", "activation/mean"] == pytest.approx(model(x).mean().item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["activation", "norm"])
def test_what_is_shared_is_read_alike_at_every_step(kind: str) -> None:
    torch.manual_seed(0)
    norm, act = nn.LayerNorm(4), nn.Tanh()
    parts = {
        "activation": [nn.Linear(4, 4), act, nn.Linear(4, 4)],
        "norm": [nn.Linear(4, 4), norm, nn.Tanh(), nn.Linear(4, 4), norm, nn.Tanh()],
    }
    model, sink, x = nn.Sequential(*parts[kind]), Memory(), torch.randn(16, 4)
    run = nn.Sequential(*parts["activation"], act) if kind == "activation" else model
    instrument = Instrument(model, sink, every=1)
    for number in range(3):
        instrument.begin(number)
        run(x).sum().backward()
        instrument.after_backward()
        instrument.end(number)
        model.zero_grad()
    named = [m for m in sink.messages() if isinstance(m, LayerStats) and "activation/mean" in m.quantities]
    tables = np.concatenate([np.frombuffer(m.values, VALUE).reshape(-1, len(m.layers), len(m.quantities)) for m in named])
    assert len(tables) == 3
    assert np.isfinite(tables[0][:, named[0].quantities.index("activation/mean")]).all()
    np.testing.assert_array_equal(tables[1], tables[0])
    np.testing.assert_array_equal(tables[2], tables[0])


class Failing(Probe):
    name: ClassVar[str] = "failing"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = ("failing/number",)
    where: ClassVar[str]

    def _at(self, what: str) -> None:
        if what == self.where:
            raise ZeroDivisionError(what)

    def reset(self) -> None:
        self._at("reset")

    def prepare(self) -> None:
        self._at("prepare")

    def measure(self, row: int, tensor: torch.Tensor | None) -> None:
        self._at("measure")

    def values(self) -> np.ndarray:
        self._at("values")
        return np.zeros((len(self.sites), 1 if self.where != "shape" else 3))


POINTS: Sequence[tuple[At, str]] = [
    *[(at, where) for at in ("activation", "norm", "backward", "update", "survey") for where in ("reset", "measure", "values", "shape")],
    ("update", "prepare"),
]


@pytest.mark.parametrize(("place", "point"), POINTS)
def test_a_probe_that_raises_is_told_once_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: At, point: str
) -> None:
    class Bad(Failing):
        at: ClassVar[At] = place
        where: ClassVar[str] = point

    def run(probes: list[type[Probe]]) -> Memory:
        monkeypatch.setattr(watch, "discover", lambda: probes)
        torch.manual_seed(0)
        model, sink, x = Net(), Memory(), torch.randn(8, 5)
        instrument = Instrument(model, sink, every=1)
        for n in range(3):
            step(instrument, model, x, n)
            with instrument.survey(n):
                model(x)
        assert hooks(model) == 0
        return sink

    def tables(sink: Memory) -> list[bytes]:
        return [m.values for m in sink.messages() if isinstance(m, LayerStats)]

    with caplog.at_level(logging.WARNING):
        with_it = run([*discover(), Bad])
    told = [m for m in with_it.messages() if isinstance(m, Event)]
    assert [(m.kind, m.data["probe"]) for m in told] == [("probe_failed", "failing")]
    assert caplog.text.count("probe failing failed and is left out") == 1
    assert tables(with_it) == tables(run(discover()))


def test_an_output_that_cannot_be_read_ends_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(value: object) -> None:
        raise TypeError("no such output")

    monkeypatch.setattr(watch, "_first_tensor", unreadable)
    model, sink = Net(), Memory()
    step(Instrument(model, sink, every=1), model, torch.randn(8, 5))
    assert {m.data["reason"] for m in sink.messages() if isinstance(m, Event)} == {"TypeError: no such output"}


@pytest.mark.parametrize(
    ("module", "units"),
    [
        (nn.Linear(3, 5), 5),
        (nn.Conv2d(3, 5, 2), 5),
        (nn.ConvTranspose2d(3, 5, 2), 5),
        (nn.ConvTranspose1d(4, 6, 2, groups=2), 6),
        (nn.Embedding(10, 4), 4),
        (nn.MultiheadAttention(8, 2), 8),
        (nn.MultiheadAttention(8, 2, kdim=3, vdim=5), 8),
        (nn.LSTM(3, 7), 7),
        (nn.Bilinear(2, 3, 6), 6),
    ],
)
def test_units_are_what_leaves_the_layer(module: nn.Module, units: int) -> None:
    assert Instrument(nn.Sequential(module), Memory(), every="never").layers[0].units == units


@pytest.mark.parametrize(("weight", "change"), [(1.0, 1e22), (1e-20, 1e-23), (1e25, 1e22), (1.0, 1e-30), (1e-3, 1e-6)])
def test_an_update_of_any_size_has_its_ratio(weight: float, change: float) -> None:
    model, sink = nn.Sequential(nn.Linear(70, 70, bias=False)), Memory()
    with torch.no_grad():
        model[0].weight.fill_(weight)
    instrument = Instrument(model, sink, every=1)
    instrument.begin(0)
    model(torch.zeros(1, 70)).sum().backward()
    instrument.after_backward()
    before = model[0].weight.detach().double()
    with torch.no_grad():
        model[0].weight += change
    moved = (model[0].weight.detach().double() - before).norm()
    instrument.end(0)
    (table,) = (m for m in sink.messages() if isinstance(m, LayerStats) and "update/log10_ratio" in m.quantities)
    ratio = np.frombuffer(table.values, VALUE)[table.quantities.index("update/log10_ratio")]
    expected = (moved / before.norm()).log10().item()
    assert ratio == pytest.approx(expected, rel=1e-6) if np.isfinite(expected) else ratio == expected
