"""What each preset's runs end with on seeds that they were not made with, beside the range that is told of them.

Those ranges are of 2 to 7 seeds, so that single seeds of ten lie outside: what has to lie inside is their median. Beside it, where
a story is one of learning digits or moons, a plain loop in torch with the same settings and draws of its own.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split
from torch import nn

from benchmarks.rows import Row
from dynascope.sinks.memory import Memory
from tests.trainer.running import Record, newest_by_layer, record_of
from trainer import loop, presets, registry
from trainer.control import Commands
from trainer.spec import RunSpec

SEEDS = range(101, 111)
Found = dict[str, float]
#: By preset, for each of its arms: what is looked at, and the range that is told.
TOLD: dict[str, tuple[dict[str, tuple[float, float]], ...]] = {
    "memorised_boundary": ({"test loss, step 1,500": (1.15, 1.44), "test loss, L2 = 0.01 since 100 steps": (0.29, 0.36)},),
    "three_beginnings": ({"test accuracy": (0.94, 0.98)}, {"test accuracy": (0.10, 0.10)}, {"test accuracy": (0.28, 0.41)}),
    "depth_and_batch_norm": ({"test accuracy": (0.95, 0.97)}, {"test accuracy": (0.10, 0.10)}),
    "batches_of_two": ({"test error": (0.47, 0.66)}, {"test error": (0.05, 0.08)}, {"test error": (0.03, 0.07)}),
    "all_weights_equal": ({"test accuracy": (0.18, 0.24), "distinct rows": (1, 1)}, {"test accuracy": (0.94, 0.97)}),
    "dead_units": ({"test accuracy": (0.25, 0.64)}, {"test accuracy": (0.93, 0.98)}),
    "noise_by_heart": (
        {
            "best val accuracy": (0.83, 0.85),
            "epoch of it": (5, 8),
            "test accuracy": (0.73, 0.82),
            "wrong labels learnt by then": (0.0, 0.15),
            "wrong labels learnt": (0.95, 1.0),
        },
    ),
    "lasso_and_ridge": ({"exact zeros of 200": (174, 183)}, {"exact zeros of 200": (0, 0)}),
}
#: Told to two digits.
ROUNDED = 0.005


def main() -> list[Row]:
    registry.discover()
    torch.set_num_threads(1)
    stories = {preset.name: preset for preset in presets.discover()}
    rows = []
    for name, arms in TOLD.items():
        for arm, told in zip(stories[name].arms, arms, strict=True):
            own = [in_product(name, arm.spec, seed) for seed in SEEDS]
            plain = [PLAIN[name](RunSpec.model_validate(arm.spec), seed) for seed in SEEDS] if name in PLAIN else []
            for what, (low, high) in told.items():
                values = [found[what] for found in own]
                inside = float(np.mean([low - ROUNDED <= value <= high + ROUNDED for value in values]))
                peer = f"told {_number(low)} to {_number(high)}"
                if plain and what in plain[0]:
                    peer += f"; plain loop {_spread([found[what] for found in plain])}"
                rows.append(Row(f"{name}, {arm.label['en']}: {what}", _spread(values), peer, inside))
    return rows


def _spread(values: list[float]) -> str:
    return f"{_number(float(np.median(values)))} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    return f"{value:.3g}"


def in_product(name: str, spec: dict[str, Any], seed: int) -> Found:
    spec = spec | {"seed": seed, "pace": None}
    if name == "memorised_boundary":
        spans = {"test loss, step 1,500": 1500, "test loss, L2 = 0.01 since 100 steps": 1600}
        return {
            what: _ended(_until(spec, steps), [(1500, {"penalty.l2": 0.01})])[0].values("test/loss")[0] for what, steps in spans.items()
        }
    record, table = _ended(RunSpec.model_validate(spec))
    if name == "lasso_and_ridge":
        return {"exact zeros of 200": round(200 * table["weight/zeros"][0])}
    accuracy = record.values("test/accuracy")[0]
    found = {"test accuracy": accuracy, "test error": 1 - accuracy}
    if name == "noise_by_heart":
        accuracies, learnt = record.values("val/accuracy"), record.values("labels/wrong_learnt")
        best = int(np.argmax(accuracies))
        found |= {"best val accuracy": accuracies[best], "epoch of it": best}
        found |= {"wrong labels learnt by then": learnt[best], "wrong labels learnt": learnt[-1]}
    if name == "all_weights_equal":
        found["distinct rows"] = max(table["weight/distinct_rows"][:-1])
    return found


def _until(spec: dict[str, Any], steps: int) -> RunSpec:
    return RunSpec.model_validate(spec | {"stop": {"max_epochs": None, "max_steps": steps, "early": None}})


def _ended(spec: RunSpec, changes: list[tuple[float, dict[str, Any]]] | None = None) -> tuple[Record, dict[str, np.ndarray]]:
    """A whole run and its newest quantities by layer; live `changes` with their steps."""
    sink = Memory()
    loop.run(spec, sink, Commands(), again=changes or ())
    return record_of(sink), newest_by_layer(sink)


def plain_digits(spec: RunSpec, seed: int) -> Found:
    """The same settings in plain torch; of a spec no more is read than these stories differ in."""
    torch.manual_seed(seed)
    pixels, digits = load_digits(return_X_y=True)
    val_size, test_size = (
        size if isinstance(size, int) else round(size * len(digits)) for size in (spec.data.val_size, spec.data.test_size)
    )
    x, test_x, y, test_y = train_test_split(pixels, digits, test_size=test_size, stratify=digits, random_state=seed)
    x, val_x, y, val_y = train_test_split(x, y, test_size=val_size, stratify=y, random_state=seed)
    mean, std = x.mean(0), x.std(0)
    std[std == 0] = 1
    x, val_x, test_x = (torch.tensor((part - mean) / std, dtype=torch.float32) for part in (x, val_x, test_x))
    y, val_y, test_y = (torch.tensor(part) for part in (y, val_y, test_y))
    noisy = torch.randperm(len(y))[: round(spec.data.label_noise * len(y))]
    y[noisy] = (y[noisy] + torch.randint(1, 10, (len(noisy),))) % 10

    params, batch = spec.model.params, spec.data.batch_size
    assert isinstance(batch, int)
    net = plain_net(64, params.get("depth", 2), params["width"], 10, spec)
    settings = spec.optimizer.params
    optimizer: torch.optim.Optimizer
    if spec.optimizer.name == "sgd":
        optimizer = torch.optim.SGD(net.parameters(), lr=settings["lr"], momentum=settings["momentum"])
    else:
        optimizer = torch.optim.AdamW(net.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"])
    steps = spec.stop.max_steps or (spec.stop.max_epochs or 0) * math.ceil(len(y) / batch)
    step, best, found = 0, -1.0, {}
    while step < steps:
        order = torch.randperm(len(y))
        for chosen in order.split(batch):
            if step == steps or (len(chosen) == 1 and spec.norm.name == "batch"):
                break
            optimizer.zero_grad()
            F.cross_entropy(net(x[chosen]), y[chosen]).backward()
            if spec.optimizer.clip_norm:
                nn.utils.clip_grad_norm_(net.parameters(), spec.optimizer.clip_norm)
            optimizer.step()
            step += 1
        accuracy = _right(net, val_x, val_y)
        if len(noisy) and accuracy > best:
            best = accuracy
            found = {"best val accuracy": best, "epoch of it": step / math.ceil(len(y) / batch)}
            found["wrong labels learnt by then"] = _right(net, x[noisy], y[noisy])
    accuracy = _right(net, test_x, test_y)
    if len(noisy):
        found["wrong labels learnt"] = _right(net, x[noisy], y[noisy])
    rows = [len(torch.unique(layer.weight.detach(), dim=0)) for layer in net if isinstance(layer, nn.Linear)]
    return found | {"test accuracy": accuracy, "test error": 1 - accuracy, "distinct rows": max(rows[:-1])}


def plain_moons(spec: RunSpec, seed: int) -> Found:
    """The first story: a hundred noisy points, and from step 1,500 on 2 · 0.01 · w added to the gradient of each weight."""
    torch.manual_seed(seed)
    points, labels = make_moons(1100, noise=0.3, random_state=seed)
    mean, std = points[:100].mean(0), points[:100].std(0)
    x, y = torch.tensor((points - mean) / std, dtype=torch.float32), torch.tensor(labels)
    train_x, train_y, test_x, test_y = x[:100], y[:100].clone(), x[600:], y[600:]
    train_y[torch.randperm(100)[:10]] ^= 1
    net = plain_net(2, 3, 64, 2, spec)
    optimizer, found = torch.optim.Adam(net.parameters(), lr=5e-3), {}
    for step in range(1601):
        if step % 4 == 0:
            batches = torch.randperm(100).split(32)
        if step in (1500, 1600):
            with torch.no_grad():
                what = "test loss, step 1,500" if step == 1500 else "test loss, L2 = 0.01 since 100 steps"
                found[what] = F.cross_entropy(net(test_x), test_y).item()
        chosen = batches[step % 4]
        optimizer.zero_grad()
        F.cross_entropy(net(train_x[chosen]), train_y[chosen]).backward()
        for weight in net.parameters():
            if step >= 1500 and weight.ndim == 2 and weight.grad is not None:
                weight.grad += 2 * 0.01 * weight.detach()
        optimizer.step()
    return found


def plain_net(inputs: int, depth: int, width: int, outputs: int, spec: RunSpec) -> nn.Sequential:
    activations: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "leaky_relu": nn.LeakyReLU}
    norms: dict[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "group": lambda channels: nn.GroupNorm(8, channels)}
    activation, layers = spec.model.activation.name, []
    for layer in range(depth):
        layers += [nn.Linear(inputs if layer == 0 else width, width)]
        layers += [norms[spec.norm.name](width)] if spec.norm.name in norms else []
        layers += [activations[activation]()]
    net = nn.Sequential(*layers, nn.Linear(width, outputs))
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    draws: dict[str, Callable[[torch.Tensor, str], object]] = {
        "kaiming_normal": lambda weight, after: nn.init.kaiming_normal_(weight, a=0.01, nonlinearity=after),  # type: ignore[arg-type]
        "xavier_normal": lambda weight, after: nn.init.xavier_normal_(weight),
        "normal": lambda weight, after: nn.init.normal_(weight, std=spec.init.params["std"]),
        "constant": lambda weight, after: nn.init.constant_(weight, spec.init.params["value"]),
    }
    for layer in linear:
        if spec.init.name in draws:
            draws[spec.init.name](layer.weight, "linear" if layer is linear[-1] else activation)
            nn.init.zeros_(layer.bias)
    return net


def _right(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    net.eval()
    with torch.no_grad():
        share = (net(x).argmax(1) == y).float().mean().item()
    net.train()
    return share


#: Of the lasso's story the closed form is beside the solver in its tests.
PLAIN: dict[str, Callable[[RunSpec, int], Found]] = {
    "memorised_boundary": plain_moons,
    **dict.fromkeys(TOLD.keys() - {"memorised_boundary", "lasso_and_ridge"}, plain_digits),
}
