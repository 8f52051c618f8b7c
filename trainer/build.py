"""From a plan to model, data and optimizer. Everything random has a seed of its own, derived from the run's."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn

from trainer import registry
from trainer.parts.inits import fan_of
from trainer.plan import Plan, build_model, part_params
from trainer.spec import RunSpec, Strict


@dataclass(frozen=True)
class Split:
    """`x`: float32[n, *inputs]; `y`: int64[n]."""

    x: torch.Tensor
    y: torch.Tensor


@dataclass(frozen=True)
class Data:
    train: Split
    val: Split
    test: Split
    #: Which training labels were replaced, bool[n], and what they were, int64[n].
    corrupted: torch.Tensor
    true_labels: torch.Tensor


@dataclass(frozen=True)
class Experiment:
    plan: Plan
    model: nn.Module
    data: Data
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
    data = _data(plan, params["dataset"])
    torch.manual_seed(derived(spec.seed, "torch"))
    model = build_model(spec, params, plan.shape)
    initialise(model, spec, params["init"])
    torch.manual_seed(derived(spec.seed, "dropout"))
    optimizer = registry.part("optimizer", spec.optimizer.name).build(params["optimizer"], model.parameters())
    order = torch.Generator().manual_seed(derived(spec.seed, "order"))
    return Experiment(plan, model, data, optimizer, penalised(model), order)


def initialise(model: nn.Module, spec: RunSpec, params: Strict) -> None:
    """A layer's draw depends on the seed and the layer's name alone. Biases begin at zero."""
    init = registry.part("init", spec.init.name)
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear):
                generator = torch.Generator().manual_seed(derived(spec.seed, f"init/{name}"))
                fan = fan_of(module.weight, None if name == "out" else spec.model.activation.name)
                init.apply(module.weight, fan, params, generator)
                if module.bias is not None:
                    module.bias.zero_()


def penalised(model: nn.Module) -> list[nn.Parameter]:
    """Weights, not biases and not a normalisation's γ and β."""
    return [p for p in model.parameters() if p.ndim >= 2]


def _data(plan: Plan, params: Strict) -> Data:
    spec, sizes = plan.spec, plan.sizes
    raw = registry.part("dataset", spec.data.name).load(params, derived(spec.seed, "data"))
    state = derived(spec.seed, "split") % 2**32
    labels = raw.y if plan.shape.classes else None
    rest, test = train_test_split(np.arange(len(raw.y)), test_size=sizes["test"], stratify=labels, random_state=state)
    among = None if labels is None else labels[rest]
    train, val = train_test_split(rest, test_size=sizes["val"], stratify=among, random_state=state)
    train = train[: sizes["train"]]
    mean, std = np.zeros(1, np.float32), np.ones(1, np.float32)
    if spec.data.standardize:
        mean, std = raw.x[train].mean(axis=0), raw.x[train].std(axis=0)
        std = np.where(std > 1e-8, std, np.float32(1))  # a feature that never varies stays as it is

    def split(indices: np.ndarray) -> Split:
        return Split(torch.from_numpy(((raw.x[indices] - mean) / std).astype(np.float32)), torch.from_numpy(raw.y[indices]))

    clean = split(train)
    noisy, corrupted = _with_noise(clean.y, plan.shape.classes, spec.data.label_noise, derived(spec.seed, "noise"))
    return Data(Split(clean.x, noisy), split(val), split(test), corrupted, clean.y)


def _with_noise(labels: torch.Tensor, classes: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`(labels, which were replaced)`: a share of them moved to another class, each other class as likely."""
    generator = torch.Generator().manual_seed(seed)
    corrupted = torch.zeros(len(labels), dtype=torch.bool)
    corrupted[torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]] = True
    shift = torch.randint(1, max(2, classes), labels.shape, generator=generator)
    return torch.where(corrupted, (labels + shift) % max(classes, 1), labels), corrupted
