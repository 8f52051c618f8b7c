"""Initialisation of every kind of layer: fans and gains by hand, block by block, the same in every process."""

import hashlib
import math
import subprocess
import sys

import pytest
import torch
from torch import nn

from tests.server import ROOT
from tests.trainer.running import spec_of
from trainer import registry
from trainer.build import build
from trainer.parts.inits import drawn
from trainer.plan import plan

registry.discover()
NAMES = registry.names("init")


def filled(module: nn.Module, init: str, gain: float = 1.0, name: str = "m", **params: object) -> nn.Module:
    """The module with what the init draws for it; generators by block name, as a run's are."""
    part = registry.part("init", init)
    with torch.no_grad():
        for block in drawn(name, module, gain):
            generator = torch.Generator().manual_seed(int(hashlib.sha256(block.name.encode()).hexdigest()[:8], 16))
            part.apply(block.weight, block.fan, part.Params(**params), generator)
            if block.bias is not None:
                part.bias(block.bias, block.fan, part.Params(**params), generator)
    return module


@pytest.mark.parametrize(
    ("module", "fan_in", "fan_out"),
    [
        (nn.Linear(400, 300), 400, 300),
        (nn.Conv1d(40, 120, 5), 200, 600),
        (nn.Conv2d(32, 48, 3), 288, 432),
        (nn.Conv3d(16, 24, 3), 432, 648),
        (nn.Conv2d(64, 128, 3, groups=4), 16 * 9, 32 * 9),
    ],
)
def test_a_convolutions_fans_count_its_kernel_and_its_group(module: nn.Module, fan_in: int, fan_out: int) -> None:
    blocks = list(drawn("m", module, math.sqrt(2)))
    assert {(b.fan.fan_in, b.fan.fan_out, b.fan.gain) for b in blocks} == {(fan_in, fan_out, math.sqrt(2))}
    assert sum(b.weight.numel() for b in blocks) == module.weight.numel()
    he = filled(module, "kaiming_normal", math.sqrt(2)).weight
    assert he.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.03)
    back = filled(module, "kaiming_normal", math.sqrt(2), fan_mode="fan_out").weight
    assert back.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.03)
    xavier = filled(module, "xavier_uniform").weight
    assert xavier.abs().max().item() == pytest.approx(math.sqrt(6 / (fan_in + fan_out)), rel=0.01)


def test_a_million_draws_of_a_convolution_have_the_formulas_deviation() -> None:
    weight = filled(nn.Conv2d(250, 445, 3), "kaiming_uniform", math.sqrt(2)).weight
    assert weight.numel() > 1_000_000
    assert weight.std().item() == pytest.approx(math.sqrt(2 / 2250), rel=0.005)
    assert weight.abs().max().item() == pytest.approx(math.sqrt(6 / 2250), rel=1e-3)


@pytest.mark.parametrize(("cell", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize(("features", "size"), [(24, 24), (40, 16), (9, 30)])
def test_recurrent_gates_are_orthogonal_each_by_itself(cell: str, gates: int, features: int, size: int) -> None:
    module = filled(getattr(nn, cell)(features, size), "orthogonal")
    for source, columns in (("ih", features), ("hh", size)):
        blocks = getattr(module, f"weight_{source}_l0").double().chunk(gates)
        assert len(blocks) == gates
        for q in blocks:
            small = q @ q.T if size <= columns else q.T @ q
            torch.testing.assert_close(small, torch.eye(min(size, columns)).double(), atol=1e-5, rtol=0)
        assert len({b[0, 0].item() for b in blocks}) == gates  # no gate is another's copy
    assert not any(p.abs().sum() for name, p in module.named_parameters() if name.startswith("bias"))


@pytest.mark.parametrize("shape", [(6, 4, 3, 3), (64, 4, 3, 3), (8, 2, 5, 5)])
def test_an_orthogonal_convolution_is_so_when_flattened_and_a_grouped_one_by_group(shape: tuple[int, int, int, int]) -> None:
    out, per, k, _ = shape
    for groups in (1, 2):
        weight = filled(nn.Conv2d(per * groups, out, k, groups=groups), "orthogonal").weight.double()
        for block in weight.chunk(groups):
            q = block.flatten(1)
            small = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
            torch.testing.assert_close(small, torch.eye(min(q.shape)).double(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("module", [nn.Linear(200, 300), nn.Conv2d(20, 60, 3), nn.GRU(50, 100), nn.LSTM(50, 100), nn.RNN(50, 100)])
def test_the_default_has_the_bounds_of_torchs_own_init(module: nn.Module) -> None:
    torch.manual_seed(0)
    own = {name: (p.std().item(), p.abs().max().item()) for name, p in module.named_parameters()}
    for name, p in filled(module, "default").named_parameters():
        few = p.numel() < 500  # biases: their sample deviation says little
        assert p.std().item() == pytest.approx(own[name][0], rel=0.4 if few else 0.05), name
        assert p.abs().max().item() == pytest.approx(own[name][1], rel=0.15 if few else 0.01), name


def test_an_embedding_begins_as_one_active_input_says() -> None:
    assert filled(nn.Embedding(500, 200), "default").weight.std().item() == pytest.approx(1, rel=0.01)
    assert filled(nn.Embedding(500, 200), "kaiming_normal").weight.std().item() == pytest.approx(1, rel=0.01)
    assert filled(nn.Embedding(500, 199), "xavier_normal").weight.std().item() == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("model", ["mlp", "cnn1d", "cnn2d", "rnn", "gru", "lstm", "transformer"])
def test_he_and_xavier_of_one_seed_are_the_same_draw_scaled(model: str) -> None:
    he, xavier = (
        build(plan(spec_of(1, model__name=model, init__name=name))).model.state_dict() for name in ("kaiming_normal", "xavier_normal")
    )
    for name, weight in he.items():
        if weight.ndim >= 2 and "position" not in name:
            blocks = {"gru": 3, "lstm": 4}.get(model, 1) if "_l0" in name else 1
            for a, b in zip(weight.chunk(blocks), xavier[name].chunk(blocks), strict=True):
                ratio = a / b
                assert ratio.std() < 1e-5 * ratio.mean().abs(), name


@pytest.mark.parametrize("model", ["mlp", "cnn2d", "lstm", "transformer"])
def test_the_gain_is_for_layers_that_the_activation_follows(model: str) -> None:
    deviations = {}
    for activation, gain in (("identity", 1.0), ("tanh", 5 / 3)):
        made = build(plan(spec_of(1, model={"name": model, "activation": {"name": activation}}))).model
        deviations[gain] = {name: p.std().item() for name, p in made.named_parameters() if p.ndim >= 2}
    gained = {name for name in deviations[1.0] if deviations[5 / 3][name] == pytest.approx(5 / 3 * deviations[1.0][name], rel=1e-4)}
    same = {name for name in deviations[1.0] if deviations[5 / 3][name] == pytest.approx(deviations[1.0][name], rel=1e-6)}
    assert gained | same == set(deviations[1.0])
    expected = {
        "mlp": lambda name: name != "out.weight",
        "cnn2d": lambda name: name != "out.weight",
        "lstm": lambda name: False,
        "transformer": lambda name: ".widen." in name,
    }[model]
    assert gained == {name for name in deviations[1.0] if expected(name)}


def digests() -> list[str]:
    """Of every init's weights in three models."""
    specs = [spec_of(model__name=model, init__name=init) for model in ("cnn2d", "gru", "transformer") for init in NAMES]
    states = [build(plan(spec)).model.state_dict().values() for spec in specs]
    return [hashlib.sha256(b"".join(values.numpy().tobytes() for values in state)).hexdigest() for state in states]


def test_every_init_is_the_same_over_processes() -> None:
    ask = "from tests.trainer.test_inits import digests; print(*digests())"
    other = {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}  # this process hashes by another seed, a random one
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, env=other)
    mine = digests()
    assert asked.stdout.split() == mine
    assert len(set(mine)) == 3 * len(NAMES)
