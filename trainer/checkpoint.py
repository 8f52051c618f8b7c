"""A run's state in one safetensors file: weights and buffers, optimizer, RNG, data position, early stopping.

Nothing in it is pickled. What a file holds fits a changed spec as far as names and shapes agree.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from trainer.build import Experiment
from trainer.early_stopping import EarlyStopping

VERSION = 1


@dataclass
class Progress:
    """How far a run is: updates made, batches of this epoch done, and the order in which this epoch visits the examples."""

    step: int = 0
    at: int = 0
    order: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))


def save(path: Path, experiment: Experiment, progress: Progress, early: EarlyStopping) -> None:
    """All at once or not at all; `path` is replaced."""
    tensors = {f"model/{name}": value for name, value in experiment.model.state_dict().items()}
    for name, parameter in experiment.model.named_parameters():
        for key, value in experiment.optimizer.state.get(parameter, {}).items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimizer/{name}/{key}"] = value
    tensors |= {f"best/{name}": value for name, value in (early.state or {}).items()}
    tensors |= {"order": progress.order, "rng/order": experiment.order.get_state(), "rng/torch": torch.get_rng_state()}
    about = {
        "version": VERSION,
        "step": progress.step,
        "at": progress.at,
        "spec": experiment.plan.spec.model_dump(),
        "sizes": experiment.plan.sizes,
        "early": early.memory(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, partial, {"dynascope": json.dumps(about)})
    partial.rename(path)


def restore(path: Path, experiment: Experiment, progress: Progress, early: EarlyStopping) -> dict[str, Any]:
    """Go on from a file; gives `{"step", "kept", "fresh"}`: names of parameters that came from it and that did not.

    Weights go over where name and shape agree, the optimizer's memory where its name agrees too, and the data order where
    the training set and the batch size are the same. Raises ValueError for a file of another version.
    """
    with safe_open(path, framework="pt") as file:
        about = json.loads((file.metadata() or {}).get("dynascope", "{}"))
        if about.get("version") != VERSION:
            raise ValueError(f"{path.name} is a checkpoint of version {about.get('version')}; version {VERSION} is understood")
        held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
    before, now = about["spec"], experiment.plan.spec
    kept = _restore_model(experiment, held)
    if before["optimizer"]["name"] == now.optimizer.name:
        _restore_optimizer(experiment, held, kept)
    progress.step = about["step"]
    torch.set_rng_state(held["rng/torch"])
    experiment.order.set_state(held["rng/order"])
    same_batches = before["data"]["batch_size"] == now.data.batch_size and len(held["order"]) == experiment.plan.sizes["train"]
    if same_batches:
        progress.at, progress.order = about["at"], held["order"]
    own = set(experiment.model.state_dict())
    early.recall(about["early"], {name[5:]: value for name, value in held.items() if name.startswith("best/")} if kept == own else {})
    return {"step": progress.step, "kept": len(kept), "fresh": sorted(own - kept)}


def _restore_model(experiment: Experiment, held: dict[str, torch.Tensor]) -> set[str]:
    kept = set()
    with torch.no_grad():
        for name, value in experiment.model.state_dict().items():
            saved = held.get(f"model/{name}")
            if saved is not None and saved.shape == value.shape:
                value.copy_(saved)
                kept.add(name)
    return kept


def _restore_optimizer(experiment: Experiment, held: dict[str, torch.Tensor], kept: set[str]) -> None:
    state = experiment.optimizer.state
    parameters = dict(experiment.model.named_parameters())
    for name, parameter in parameters.items():
        prefix = f"optimizer/{name}/"
        memory = {key.removeprefix(prefix): value for key, value in held.items() if key.startswith(prefix)}
        if memory and name in kept:
            state[parameter] = memory
    if any(memory.keys() == {"momentum_buffer"} for memory in state.values()):
        for parameter in parameters.values():  # torch's fused SGD has a buffer for all or for none; one of zeros is its beginning
            if not state.get(parameter):
                state[parameter] = {"momentum_buffer": torch.zeros_like(parameter)}
