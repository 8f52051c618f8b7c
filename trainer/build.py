"""Builds model, data and optimizer from a plan. Each random choice has its own seed, derived from the run's seed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import nn

from trainer import registry
from trainer.data import drawn as resampled
from trainer.data import moments, split, with_noise
from trainer.losses import Loss, loss_for
from trainer.parts.inits import drawn
from trainer.plan import Plan, build_model, part_params
from trainer.spec import RunSpec, Strict

#: Number of training examples that a data-dependent init uses.
FIT = 1024
#: Maximum number of test examples that are reported one by one.
TOLD = 2048


@dataclass(frozen=True)
class Split:
    """`x`: float32[n, *inputs]; `y`: int64[n], or float32[n] for a regression."""

    x: torch.Tensor
    y: torch.Tensor


@dataclass(frozen=True)
class Scale:
    """raw = scaled · std + mean, for the inputs and for the target of a regression."""

    x_mean: np.ndarray
    x_std: np.ndarray
    y_mean: float = 0.0
    y_std: float = 1.0


@dataclass(frozen=True)
class Data:
    train: Split
    val: Split
    test: Split
    #: bool[n]: the training labels that were replaced; int64[n]: all true labels.
    corrupted: torch.Tensor
    true_labels: torch.Tensor
    scale: Scale
    #: The first TOLD test examples in the data's own units, bit by bit the same in all runs of a split.
    raw_test: tuple[np.ndarray, np.ndarray]

    @cached_property
    def replaced(self) -> torch.Tensor:
        """Positions in the training set, int64[k], of the labels that were replaced."""
        return torch.nonzero(self.corrupted).flatten()


@dataclass(frozen=True)
class Experiment:
    plan: Plan
    params: dict[str, Strict]
    model: nn.Module
    data: Data
    loss: Loss
    optimizer: torch.optim.Optimizer
    #: The weights that penalties act on: two or more dimensions, outside normalisations.
    weights: list[nn.Parameter]
    order: torch.Generator


def derived(seed: int, purpose: str) -> int:
    """A seed for one purpose. Seeds of different purposes or runs are independent of each other."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:7], "little")


def build(plan: Plan) -> Experiment:
    """Uses one thread, because the rounding of a sum depends on the number of threads."""
    torch.set_num_threads(1)
    spec, params = plan.spec, part_params(plan.spec)
    data = load(plan, params["dataset"])
    torch.manual_seed(derived(spec.seed, "torch"))
    model = build_model(spec, params, plan.shape)
    with torch.no_grad():
        registry.part("model", spec.model.name).see(model, data.train.x)
    initialise(model, spec, params, data.train.x[:FIT])
    torch.manual_seed(derived(spec.seed, "dropout"))
    optimizer = registry.part("optimizer", spec.optimizer.name).build(params["optimizer"], model.parameters())
    order = torch.Generator().manual_seed(derived(spec.seed, "order"))
    return Experiment(plan, params, model, data, loss_for(spec.loss, plan.shape.classes), optimizer, penalised(model), order)


def initialise(model: nn.Module, spec: RunSpec, params: dict[str, Strict], x: torch.Tensor) -> None:
    """A layer's random weights depend only on the seed and the layer's name, unless the init uses data."""
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
    """Weights, without biases and without γ and β of normalisations."""
    return [p for p in model.parameters() if p.ndim >= 2]


def pool(plan: Plan) -> int:
    """Number of examples in the split from which a run's training set is drawn."""
    left = plan.shape.examples - plan.sizes["val"] - plan.sizes["test"]
    return left if plan.spec.data.resample == "subsample" else plan.sizes["train"]


def load(plan: Plan, params: Strict) -> Data:
    """The source's seed decides data, split and replaced labels; the run's own seed decides the resampling of the training set."""
    spec, classes, sizes = plan.spec, plan.shape.classes, plan.sizes
    part, how = registry.part("dataset", spec.data.name), spec.data.resample
    source = spec.seed if spec.data.split_seed is None else spec.data.split_seed
    x, y = part.load(params, derived(source, "data"))
    train, val, test = split(y, classes, pool(plan), sizes["val"], sizes["test"], derived(source, "split") % 2**32)
    of_x, of_y = x[train], y[train]
    if how == "fresh":
        other_x, other_y = part.fresh(params, derived(source, "data"), derived(spec.seed, "data"))
        train, _, _ = split(other_y, classes, pool(plan), sizes["val"], sizes["test"], derived(source, "split") % 2**32)
        of_x, of_y = other_x[train], other_y[train]
    given, corrupted = torch.from_numpy(of_y), torch.zeros(len(of_y), dtype=torch.bool)
    if classes:
        given, corrupted = with_noise(given, classes, spec.data.label_noise, derived(spec.seed if how == "fresh" else source, "noise"))
    if how in ("bootstrap", "subsample"):  # resampled after the label noise, so that a repeated example has the same label each time
        chosen = resampled(len(train), sizes["train"], how, derived(spec.seed, "resample"))
        of_x, of_y, given, corrupted = of_x[chosen], of_y[chosen], given[chosen], corrupted[chosen]
    scale = Scale(np.zeros(1, np.float32), np.ones(1, np.float32))
    if spec.data.standardize:
        y_mean, y_std = (0.0, 1.0) if classes else (float(v) for v in moments(of_y))
        scale = Scale(*moments(of_x), y_mean, y_std)

    def inputs(raw: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(((raw - scale.x_mean) / scale.x_std).astype(np.float32).reshape(len(raw), *plan.shape.inputs))

    def targets(raw: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(raw if classes else ((raw - scale.y_mean) / scale.y_std).astype(np.float32))

    trained = Split(inputs(of_x), given if classes else targets(of_y))
    validated, tested = (Split(inputs(x[indices]), targets(y[indices])) for indices in (val, test))
    return Data(trained, validated, tested, corrupted, targets(of_y), scale, (x[test[:TOLD]], y[test[:TOLD]]))
