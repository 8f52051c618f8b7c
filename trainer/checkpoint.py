"""A run's state in one safetensors file: weights and buffers, optimizer, RNG, data position, early stopping, visits.

Nothing in it is pickled. A changed spec can use the parts of a file whose names and shapes agree with it.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dynascope.sentence import say
from trainer import registry
from trainer.build import Experiment
from trainer.early_stopping import EarlyStopping

VERSION = 2
SUFFIX, AUTOMATIC = ".safetensors", ".auto.safetensors"
#: Number of automatic checkpoints that are kept, and their maximum share of the run's time.
KEPT = 3
SHARE = 0.01


class Unreadable(ValueError):
    """A checkpoint from which no run can continue; the message gives the reason."""


@dataclass
class Progress:
    """The progress of a run: updates made, batches done in this epoch, and the order in which this epoch visits the examples.

    `visits`: int64[training examples], how many finished epochs used each example.
    """

    step: int = 0
    at: int = 0
    order: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    visits: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))

    def next_epoch(self, order: torch.Tensor, examples: int) -> None:
        """Finish an epoch that visited the first `examples` of its order; the next epoch uses `order`."""
        if 0 < len(self.order) <= examples:
            self.visits += 1
        else:
            self.visits[self.order[:examples]] += 1
        self.order = order

    def visited(self, batch: int) -> torch.Tensor:
        """int64[training examples]: how often each example has been in a batch so far."""
        seen = self.visits.clone()
        seen[self.order[: self.at * batch]] += 1
        return seen


class Keeper:
    """Saves a checkpoint every `seconds`, or more rarely if saving would take over 1 % of the time; keeps the newest ones."""

    def __init__(self, folder: Path | None, seconds: float, save: Callable[[str], object], failed: Callable[[str], None]) -> None:
        self._folder, self._seconds, self._save, self._failed = folder, seconds, save, failed
        self._next = time.monotonic() + seconds

    @property
    def due(self) -> bool:
        return self._folder is not None and time.monotonic() >= self._next

    def keep(self, step: int) -> None:
        """A full disk does not end the run: the error is reported, and saving is tried again later."""
        assert self._folder is not None
        began = time.monotonic()
        try:
            self._save(f"{step}{AUTOMATIC}")
            held = sorted(self._folder.glob(f"*{AUTOMATIC}"), key=lambda path: int(path.name.split(".")[0]))
            for old in held[:-KEPT]:
                old.unlink(missing_ok=True)
        except (OSError, SafetensorError) as error:
            self._failed(f"{type(error).__name__}: {error}")
        now = time.monotonic()
        self._next = now + max(self._seconds, (now - began) / SHARE)


def save(path: Path, experiment: Experiment, progress: Progress, early: EarlyStopping) -> None:
    """Writes the whole file or nothing; an existing `path` is replaced."""
    tensors = {f"model/{name}": value for name, value in experiment.model.state_dict().items()}
    for name, parameter in experiment.model.named_parameters():
        for key, value in experiment.optimizer.state.get(parameter, {}).items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimizer/{name}/{key}"] = value
    tensors |= {f"best/{name}": value for name, value in (early.state or {}).items()}
    tensors |= {"order": progress.order, "visits": progress.visits}
    tensors |= {"rng/order": experiment.order.get_state(), "rng/torch": torch.get_rng_state()}
    copied = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    about = {
        "version": VERSION,
        "step": progress.step,
        "at": progress.at,
        "batch": experiment.plan.batch,
        "spec": experiment.plan.spec.model_dump(),
        "sizes": experiment.plan.sizes,
        "early": early.memory(),
        "crc": _crc(copied),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    save_file(copied, partial, {"dynascope": json.dumps(about)})
    with partial.open("rb") as written:  # otherwise a power cut could leave a name without contents
        os.fsync(written.fileno())
    partial.rename(path)


def read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """`(metadata, tensors)`, checked. Raises Unreadable for a file that is incomplete, altered or not a checkpoint."""
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("dynascope", "{}"))
            if about.get("version") != VERSION:
                raise Unreadable(
                    say(
                        "{name} is a checkpoint of version {version}; version {understood} is understood",
                        name=path.name,
                        version=about.get("version"),
                        understood=VERSION,
                    )
                )
            held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise Unreadable(say("{name} can't be read, it is torn or no checkpoint: {error}", name=path.name, error=error)) from error
    if _crc(held) != about["crc"]:
        raise Unreadable(say("{name} was altered since it was written: its checksum does not agree", name=path.name))
    return about, held


def _crc(tensors: Mapping[str, torch.Tensor]) -> int:
    crc = 0
    for name in sorted(tensors):
        flat: Any = tensors[name].numpy().reshape(-1).view("uint8")
        crc = zlib.crc32(flat, zlib.crc32(name.encode(), crc))
    return crc


def restore(path: Path, experiment: Experiment, progress: Progress, early: EarlyStopping, *, whole: bool = False) -> dict[str, Any]:
    """Continue from a file. Returns `{"step", "kept", "fresh"}`: names of parameters taken from the file, and of the others.

    Weights are taken over if name and shape agree, the optimizer's state if its name agrees too, and the data order if
    training set and batch size are the same. Raises Unreadable; with `whole` also if anything can't be taken over.
    """
    about, held = read(path)
    before, now = about["spec"], experiment.plan.spec.model_dump()
    kept = _restore_model(experiment, held)
    same_optimizer = before["optimizer"]["name"] == now["optimizer"]["name"]
    if same_optimizer:
        _restore_optimizer(experiment, held, kept)
    progress.step = about["step"]
    torch.set_rng_state(held["rng/torch"])
    experiment.order.set_state(held["rng/order"])
    same_batches = before["data"]["batch_size"] == now["data"]["batch_size"] and len(held["visits"]) == experiment.plan.sizes["train"]
    if same_batches:
        progress.at, progress.order = about["at"], held["order"]
    if _same_examples(about, experiment):
        progress.visits = held["visits"]
        if not same_batches:
            progress.visits[held["order"][: about["at"] * about["batch"]]] += 1
    own = set(experiment.model.state_dict())
    if whole and not (kept == own and same_optimizer and same_batches):
        raise Unreadable(say("{name} does not fit this run's model and data any more; fork the run to take over what fits", name=path.name))
    early.recall(about["early"], {name[5:]: value for name, value in held.items() if name.startswith("best/")} if kept == own else {})
    if not whole:
        early.go_on()
        if progress.at >= experiment.plan.steps_per_epoch:  # an epoch has fewer batches if the norm drops the last one
            progress.next_epoch(progress.order[:0], progress.at * about["batch"])
            progress.at = 0
    return {"step": progress.step, "kept": len(kept), "fresh": sorted(own - kept)}


def _same_examples(about: dict[str, Any], experiment: Experiment) -> bool:
    """Whether the training set holds the same examples at the same positions."""
    before, now = about["spec"], experiment.plan.spec.model_dump()
    chosen = ("name", "params")
    return bool(
        before["seed"] == now["seed"]
        and all(before["data"].get(key, default) == now["data"][key] for key, default in (("split_seed", None), ("resample", "none")))
        and [before["data"][key] for key in chosen] == [now["data"][key] for key in chosen]
        and about["sizes"] == experiment.plan.sizes
    )


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
        for parameter in parameters.values():  # torch's fused SGD needs a buffer for all parameters or for none; a new buffer is zero
            if not state.get(parameter):
                state[parameter] = {"momentum_buffer": torch.zeros_like(parameter)}
    registry.part("optimizer", experiment.plan.spec.optimizer.name).ready(experiment.optimizer)
