import copy

import numpy as np
import pytest
import torch
from torch import nn

from dynascope.messages import STEP, VALUE, Histograms, LayerStats, Scalars
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument
from tests.dynascope.test_batch import densify
from tests.dynascope.test_probes import Block, Net, measured, step


def names(model: nn.Module) -> list[str]:
    return [layer.name for layer in Instrument(model, Memory(), every="never").layers]


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules())


def steps_measured(sink: Memory) -> list[float]:
    """Of the quantities that are measured every time."""
    tables = [m for m in sink.messages() if isinstance(m, LayerStats) and "activation/mean" in m.quantities]
    return [float(s) for m in tables for s in np.frombuffer(m.steps, STEP)]


def test_layers_are_named_by_the_block_that_holds_them_and_come_in_data_order() -> None:
    layers = Instrument(Net(), Memory(), every="never").layers
    assert [layer.name for layer in layers] == ["hidden1", "hidden2", "hidden3", "head"]
    assert [layer.norm for layer in layers] == ["BatchNorm1d", "LayerNorm", "GroupNorm", None]
    assert [layer.activation for layer in layers] == ["Tanh", "ReLU", "Sigmoid", None]
    assert [layer.kind for layer in layers] == ["Linear"] * 4
    assert layers[0].parameters == 5 * 8 + 8 + 2 * 8


def test_a_plain_sequential_names_layers_by_their_weight() -> None:
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(), nn.Linear(8, 2))
    layers = Instrument(model, Memory(), every="never").layers
    assert [(layer.name, layer.norm, layer.activation) for layer in layers] == [("0", "BatchNorm1d", "Tanh"), ("4", None, None)]


def test_a_block_with_two_weights_does_not_lend_its_name() -> None:
    model = nn.Sequential()
    model.add_module("pair", nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5)))
    model.add_module("single", Block(5, 5, nn.Identity(), nn.Identity()))
    model.add_module("items", nn.Sequential(nn.Linear(5, 5)))
    assert names(model) == ["pair.0", "pair.2", "single", "items.0"]


def test_a_layer_norm_with_a_3d_weight_is_no_layer() -> None:
    assert names(nn.Sequential(nn.Conv2d(1, 4, 3), nn.LayerNorm([4, 6, 6]), nn.ReLU())) == ["0"]


def test_an_unmeasured_step_has_no_hook_and_a_measured_one_leaves_none() -> None:
    model, sink = Net(), Memory()
    instrument = Instrument(model, sink, every=2)
    x = torch.randn(8, 5)
    instrument.begin(0)
    assert instrument.measuring
    assert hooks(model) > 0
    model(x).sum().backward()
    instrument.after_backward()
    instrument.end(0)
    assert not instrument.measuring
    assert hooks(model) == 0
    instrument.begin(1)
    assert not instrument.measuring
    assert hooks(model) == 0
    instrument.after_backward()
    instrument.end(1)
    assert steps_measured(sink) == [0]


def test_every_n_writes_tables_three_histograms_and_the_overhead_at_those_steps() -> None:
    model, sink = Net(), Memory()
    instrument = Instrument(model, sink, every=3)
    for n in range(8):
        step(instrument, model, torch.randn(8, 5), n)
    assert steps_measured(sink) == [0, 3, 6]
    (overhead,) = [m for m in sink.messages() if isinstance(m, Scalars)]
    assert overhead.names == ["probe/overhead"]
    assert ((np.frombuffer(overhead.values, VALUE) > 0) & (np.frombuffer(overhead.values, VALUE) < 1)).all()
    histograms = [m for m in sink.messages() if isinstance(m, Histograms)]
    assert sorted(m.kind for m in histograms) == ["activation", "gradient", "weight"]
    assert all(len(m.steps) == 24 for m in histograms)


def test_never_writes_nothing() -> None:
    model, sink = Net(), Memory()
    instrument = Instrument(model, sink, every="never")
    for n in range(5):
        step(instrument, model, torch.randn(8, 5), n)
    assert sink.messages() == []


def test_a_step_is_not_mixed_with_the_one_before() -> None:
    model, sink = nn.Sequential(nn.Linear(2, 2)), Memory()
    instrument = Instrument(model, sink, every=1)
    for n, size in enumerate([4, 6]):
        step(instrument, model, torch.randn(size, 2), n)
    counted = {m.kind: densify(m).sum(axis=(1, 2)).tolist() for m in sink.messages() if isinstance(m, Histograms)}
    assert counted == {"activation": [8, 12], "gradient": [4, 4], "weight": [4, 4]}


def test_a_forward_in_eval_mode_is_not_looked_at() -> None:
    model, sink = Net(), Memory()
    instrument = Instrument(model, sink, every=1)
    instrument.begin(0)
    model.eval()
    model(torch.randn(1000, 5))
    model.train()
    model(torch.randn(8, 5)).sum().backward()
    instrument.after_backward()
    instrument.end(0)
    (activation,) = [m for m in sink.messages() if isinstance(m, Histograms) and m.kind == "activation"]
    assert densify(activation)[0].sum(axis=1).tolist() == [8 * 8, 8 * 12, 8 * 6, 8 * 3]


class Trained:
    """Thirty steps of a net with dropout, batch norm and momentum; everything that a probe could disturb."""

    def __init__(self, every: object) -> None:
        torch.manual_seed(3)
        net = Net()
        self.model = nn.Sequential(net.hidden1, nn.Dropout(0.5), net.hidden2, net.hidden3, nn.Dropout(0.3), net.head)
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        instrument = Instrument(self.model, Memory(), every=every)  # type: ignore[arg-type]
        self.losses = []
        for n in range(30):
            instrument.begin(n)
            loss = self.model(torch.randn(16, 5)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            instrument.after_backward()
            optimizer.step()
            instrument.end(n)
            self.losses.append(loss.item())
        self.gradients = [p.grad for p in self.model.parameters()]
        self.rng, self.numpy_rng = torch.get_rng_state(), np.random.get_state()[1]


def test_a_watched_run_is_the_bare_run_to_the_last_bit() -> None:
    watched, bare = Trained(every=1), Trained(every="never")
    assert watched.losses == bare.losses
    for name, value in bare.model.state_dict().items():
        assert torch.equal(watched.model.state_dict()[name], value), name
    for ours, theirs in zip(watched.gradients, bare.gradients, strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(watched.rng, bare.rng)
    assert np.array_equal(watched.numpy_rng, bare.numpy_rng)


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(4, 4)
        self.act = nn.ReLU(inplace=True)
        self.unused = nn.Linear(4, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.frozen(self.act(self.shared(self.act(self.shared(x)))))


def test_a_module_that_runs_twice_is_counted_twice() -> None:
    _, counts = measured(Twice(), torch.randn(8, 4))
    assert counts["shared", "activation"].sum() == 2 * 8 * 4
    assert counts["shared", "weight"].sum() == 16


def test_a_layer_that_did_not_run_and_a_frozen_one_have_no_numbers() -> None:
    table, counts = measured(Twice(), torch.randn(8, 4))
    assert np.isnan([table["unused", "activation/mean"], table["unused", "gradient/norm"]]).all()
    assert table["unused", "weight/norm"] > 0
    assert ("frozen", "gradient/norm") not in table
    assert counts["unused", "activation"].sum() == counts["frozen", "gradient"].sum() == 0


def test_an_activation_module_that_layers_share_is_read_for_each_in_turn() -> None:
    act = nn.Tanh()
    model = nn.Sequential(nn.Linear(4, 3), act, nn.Linear(3, 7), act)
    twin = copy.deepcopy(model)
    x = torch.randn(8, 4)
    table, counts = measured(model, x)
    assert [counts[layer, "activation"].sum() for layer in ("0", "2")] == [8 * 3, 8 * 7]
    assert table["2", "activation/mean"] == pytest.approx(twin(x).mean().item(), rel=1e-5)


def test_recurrent_layers_are_read_by_their_output_and_all_their_weights() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 4)
            self.head = nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.rnn(x)[0][-1])

    _, counts = measured(Recurrent(), torch.randn(5, 6, 3))
    assert counts["rnn", "activation"].sum() == 5 * 6 * 4
    assert counts["rnn", "weight"].sum() == counts["rnn", "gradient"].sum() == 12 * 3 + 12 * 4


def test_a_step_that_raised_leaves_nothing_for_the_next() -> None:
    model, sink = Net(), Memory()
    instrument = Instrument(model, sink, every=1)
    instrument.begin(0)
    before = hooks(model)
    instrument.begin(1)
    assert hooks(model) == before
    instrument.detach()
    assert hooks(model) == 0
    instrument.end(1)
    assert sink.messages() == []


def test_a_model_without_weights_is_watched_in_silence() -> None:
    model, sink = nn.Sequential(nn.Tanh()), Memory()
    instrument = Instrument(model, sink, every=1)
    instrument.begin(0)
    model(torch.randn(2, 2))
    instrument.after_backward()
    instrument.end(0)
    assert sink.messages() == []
