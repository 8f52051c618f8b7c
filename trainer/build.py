"""From a plan to model, data and optimizer. Everything random has a seed of its own, derived from the run's."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from trainer import registry
from trainer.data import moments, split, with_noise
from trainer.losses import Loss, loss_for
from trainer.parts.inits import drawn
from trainer.plan import Plan, build_model, part_params
from trainer.spec import RunSpec, Strict

#: Training examples that a data-dependent init looks at.
FIT = 1024


@dataclass(frozen=True)
class Split:
    """`x`: float32[n, *inputs]; `y`: int64[n], or float32[n] for a regression."""

    x: torch.Tensor
    y: torch.Tensor


@dataclass(frozen=True)
class Scale:
    """raw = scaled · std + mean, of inputs and of a regression's target."""

    x_mean: np.ndarray
    x_std: np.ndarray
    y_mean: float = 0.0
    y_std: float = 1.0


@dataclass(frozen=True)
class Data:
    train: Split
    val: Split
    test: Split
    #: Which training labels were replaced, bool[n], and what they were, int64[n].
    corrupted: torch.Tensor
    true_labels: torch.Tensor
    scale: Scale


@dataclass(frozen=True)
class Experiment:
    plan: Plan
    params: dict[str, Strict]
    model: nn.Module
    data: Data
    loss: Loss
    optimizer: torch.optim.Optimizer
    #: What penalties act on: weights of two or more dimensions outside normalisations.
    weights: list[nn.Parameter]
    order: torch.Generator


def derived(seed: int, purpose: str) -> int:
    """A seed for one purpose; seeds of different purposes and runs have nothing in common."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:7], "little")


def build(plan: Plan) -> Experiment:
    """One thread, because the order of a sum depends on how many add it up."""
    torch.set_num_threads(1)
    spec, params = plan.spec, part_params(plan.spec)
    data = load(plan, params["dataset"])
    torch.manual_seed(derived(spec.seed, "torch"))
    model = build_model(spec, params, plan.shape)
    initialise(model, spec, params, data.train.x[:FIT])
    torch.manual_seed(derived(spec.seed, "dropout"))
    optimizer = registry.part("optimizer", spec.optimizer.name).build(params["optimizer"], model.parameters())
    order = torch.Generator().manual_seed(derived(spec.seed, "order"))
    return Experiment(plan, params, model, data, loss_for(spec.loss, plan.shape.classes), optimizer, penalised(model), order)


def initialise(model: nn.Module, spec: RunSpec, params: dict[str, Strict], x: torch.Tensor) -> None:
    """A layer's draw depends on the seed and the layer's name alone, unless the init looks at data."""
    init: Any = registry.part("init", spec.init.name)
    gain = registry.part("activation", spec.model.activation.name).gain(params["activation"])
    activated = registry.part("model", spec.model.name).activated
    with torch.no_grad():
        for name, module in model.named_modules():
            for part in drawn(name, module, gain if activated(name) else 1.0):
                generator = torch.Generator().manual_seed(derived(spec.seed, f"init/{part.name}"))
                init.apply(part.weight, part.fan, params["init"], generator)
                if part.bias is not None:
                    init.bias(part.bias, part.fan, params["init"], generator)
        model.eval()
        init.fit(model, x, params["init"])
        model.train()


def penalised(model: nn.Module) -> list[nn.Parameter]:
    """Weights, not biases and not a normalisation's γ and β."""
    return [p for p in model.parameters() if p.ndim >= 2]


def load(plan: Plan, params: Strict) -> Data:
    spec, classes = plan.spec, plan.shape.classes
    x, y = registry.part("dataset", spec.data.name).load(params, derived(spec.seed, "data"))
    sizes = plan.sizes
    train, val, test = split(y, classes, sizes["train"], sizes["val"], sizes["test"], derived(spec.seed, "split") % 2**32)
    scale = Scale(np.zeros(1, np.float32), np.ones(1, np.float32))
    if spec.data.standardize:
        y_mean, y_std = (0.0, 1.0) if classes else (float(v) for v in moments(y[train]))
        scale = Scale(*moments(x[train]), y_mean, y_std)
    scaled = ((x - scale.x_mean) / scale.x_std).astype(np.float32).reshape(len(x), *plan.shape.inputs)
    targets = y if classes else ((y - scale.y_mean) / scale.y_std).astype(np.float32)

    def part(indices: np.ndarray) -> Split:
        return Split(torch.from_numpy(scaled[indices]), torch.from_numpy(targets[indices]))

    clean = part(train)
    noisy, corrupted = clean.y, torch.zeros(len(train), dtype=torch.bool)
    if classes:
        noisy, corrupted = with_noise(clean.y, classes, spec.data.label_noise, derived(spec.seed, "noise"))
    return Data(Split(clean.x, noisy), part(val), part(test), corrupted, clean.y, scale)
