"""From a spec to a checked plan, or to everything that is wrong with it; and the catalogue of what there is.

Nothing is allocated: models are built on the meta device, and only after their parameters were found to be right.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from pydantic import ValidationError
from torch import nn

from dynascope import __version__, bins
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument
from trainer import registry
from trainer.parts.datasets import Shape
from trainer.registry import KINDS
from trainer.spec import FieldError, RunSpec, Strict, dotted

MAX_PARAMETERS = 100_000_000
#: Values held at once by a hidden layer's activations and gradients, at most.
MAX_ACTIVATIONS = 200_000_000

#: Where in a spec each kind of part is chosen: (kind, path of its name, path of its params).
CHOICES = (
    ("dataset", "data.name", "data.params"),
    ("model", "model.name", "model.params"),
    ("activation", "model.activation.name", "model.activation.params"),
    ("init", "init.name", "init.params"),
    ("norm", "norm.name", "norm.params"),
    ("penalty", "penalty.method", None),
    ("optimizer", "optimizer.name", "optimizer.params"),
)


class PlanError(Exception):
    """A spec that can't be run: every field that is wrong, not only the first."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{e.loc}: {e.msg}" for e in errors))
        self.errors = errors


@dataclass(frozen=True)
class Plan:
    spec: RunSpec  #: full, defaults filled in
    shape: Shape
    sizes: dict[str, int]  #: examples of train, val and test
    batch: int
    drops_last: bool  #: a last batch of one is left out under batch norm
    steps_per_epoch: int
    steps: int
    layers: list[dict[str, Any]]
    parameters: int
    bytes: int
    warnings: list[str]

    def describe(self) -> dict[str, Any]:
        """As the REST API gives it."""
        return {
            "spec": self.spec.model_dump(),
            "inputs": list(self.shape.inputs),
            "classes": self.shape.classes,
            "sizes": self.sizes,
            "batch": self.batch,
            "steps_per_epoch": self.steps_per_epoch,
            "steps": self.steps,
            "layers": self.layers,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "warnings": self.warnings,
        }


def plan(spec: RunSpec) -> Plan:
    """Raises PlanError with every field that is to blame."""
    full, params = _filled(spec)
    warnings: list[str] = []
    shape: Shape = registry.part("dataset", full.data.name).shape(params["dataset"])
    sizes = _sizes(full, shape)
    batch = sizes["train"] if full.data.batch_size == "full" else full.data.batch_size
    if batch > sizes["train"]:
        warnings.append(f"data.batch_size {batch} is larger than the training set; every batch is all of its {sizes['train']} examples")
        batch = sizes["train"]
    needs_two = full.norm.name == "batch" and registry.part("model", full.model.name).works_with.get("hidden", True)
    if needs_two and batch == 1:
        msg = "batch normalisation needs at least 2 examples a batch: their variance is what it divides by; use 2 or more, or norm layer"
        raise PlanError([FieldError(loc="data.batch_size", msg=msg, got=full.data.batch_size)])
    drops_last = needs_two and sizes["train"] % batch == 1
    if drops_last:
        warnings.append("the last batch of each epoch would hold one example, which batch normalisation can't use: it is left out")
    model = _on_meta(full, params, shape)
    parameters = sum(p.numel() for p in model.parameters())
    bytes_ = _bytes(full, model, parameters, batch)
    steps_per_epoch = sizes["train"] // batch if drops_last else math.ceil(sizes["train"] / batch)
    epochs = full.stop.max_epochs
    steps = min(x for x in (epochs and epochs * steps_per_epoch, full.stop.max_steps) if x)
    return Plan(full, shape, sizes, batch, drops_last, steps_per_epoch, steps, _layers(model), parameters, bytes_, warnings)


def build_model(spec: RunSpec, params: Mapping[str, Strict], shape: Shape) -> nn.Module:
    """On the default device; weights as PyTorch made them."""
    norm, activation = registry.part("norm", spec.norm.name), registry.part("activation", spec.model.activation.name)
    model: nn.Module = registry.part("model", spec.model.name).build(
        shape,
        params["model"],
        lambda channels, dims: norm.build(channels, dims, params["norm"]),
        lambda: activation.build(params["activation"]),
        spec.norm.placement,
    )
    return model


def part_params(spec: RunSpec) -> dict[str, Strict]:
    """Kind → checked params of the part that a spec chooses. Raises PlanError."""
    return _filled(spec)[1]


def check_changes(spec: RunSpec, changes: Mapping[str, Any]) -> RunSpec:
    """The spec after a live `set`. Raises PlanError; only what is declared live may change."""
    allowed = live_paths(spec)
    wrong = [
        FieldError(loc=path, msg=f"can't change while a run goes on; these can: {', '.join(allowed)}", got=value)
        for path, value in changes.items()
        if path not in allowed
    ]
    if wrong:
        raise PlanError(wrong)
    data = spec.model_dump()
    for path, value in changes.items():
        *way, last = path.split(".")
        node = data
        for part in way:
            node = node[part]
        node[last] = value
    try:
        return _filled(RunSpec.model_validate(data))[0]
    except ValidationError as refused:
        raise PlanError(_field_errors(refused, "")) from None


def live_paths(spec: RunSpec) -> list[str]:
    """Dotted paths that can change while this run goes on: those that RunSpec and its chosen parts declare live."""
    paths = _live_of(RunSpec, "")
    for kind, name, where in CHOICES:
        if where:
            paths += _live_of(registry.part(kind, _at(spec, name)).Params, where + ".")
    return paths


def catalog() -> dict[str, Any]:
    """Everything that a form, a script or a page needs to know of what runs can be made of."""
    defaults = plan(RunSpec()).spec
    live = set(live_paths(defaults))
    for kind, _, where in CHOICES:
        if where:
            live |= {path for name in registry.names(kind) for path in _live_of(registry.part(kind, name).Params, where + ".")}
    return {
        "version": __version__,
        "bins": bins.describe(),
        "spec": RunSpec.model_json_schema(),
        "defaults": defaults.model_dump(),
        "parts": {kind: [_entry(kind, name) for name in registry.names(kind)] for kind in KINDS},
        "live": sorted(live),
        "broken": registry.broken(),
    }


def _entry(kind: str, name: str) -> dict[str, Any]:
    part = registry.part(kind, name)
    return {
        "name": name,
        "label": part.texts.label,
        "text": part.texts.text,
        "source": part.texts.source,
        "schema": part.Params.model_json_schema(),
        "defaults": part.Params().model_dump(),
        "works_with": part.works_with,
    }


def _filled(spec: RunSpec) -> tuple[RunSpec, dict[str, Strict]]:
    """The spec with every part's defaults, and the params by kind."""
    errors: list[FieldError] = []
    params: dict[str, Strict] = {}
    data = spec.model_dump()
    for kind, name_path, params_path in CHOICES:
        name = _at(spec, name_path)
        if name not in registry.names(kind):
            errors.append(
                FieldError(loc=name_path, msg=f"there is no {kind} of that name; there are: {', '.join(registry.names(kind))}", got=name)
            )
            continue
        try:
            checked = registry.part(kind, name).Params.model_validate(_at(spec, params_path) if params_path else {})
        except ValidationError as refused:
            errors += _field_errors(refused, params_path or "")
            continue
        params[kind] = checked
        if params_path:
            *way, last = params_path.split(".")
            node = data
            for part in way:
                node = node[part]
            node[last] = checked.model_dump()
    if errors:
        raise PlanError(errors)
    return RunSpec.model_validate(data), params


def _field_errors(refused: ValidationError, where: str) -> list[FieldError]:
    out = []
    for e in refused.errors():
        loc = ".".join(filter(None, [where, dotted(e["loc"])]))
        msg = "there is no such parameter; see the part's schema in the catalogue" if e["type"] == "extra_forbidden" else e["msg"]
        out.append(FieldError(loc=loc, msg=msg, got=e["input"]))
    return out


def _sizes(spec: RunSpec, shape: Shape) -> dict[str, int]:
    """Examples of each split; what is left after test and validation is for training."""
    n = shape.examples
    count = {name: _count(getattr(spec.data, f"{name}_size"), n) for name in ("val", "test")}
    rest = n - count["val"] - count["test"]
    errors = []
    for name, size in count.items():
        if size < max(1, shape.classes) or size > n - 2 * max(1, shape.classes):
            msg = f"gives {size} of {n} examples; each split needs at least one a class ({max(1, shape.classes)})"
            errors.append(FieldError(loc=f"data.{name}_size", msg=msg, got=getattr(spec.data, f"{name}_size")))
    if not errors and rest < max(2, shape.classes):
        msg = f"validation ({count['val']}) and test ({count['test']}) leave {rest} of {n} examples for training"
        errors.append(FieldError(loc="data.val_size", msg=msg, got=spec.data.val_size))
    wanted = rest if spec.data.train_size is None else _count(spec.data.train_size, n)
    if not errors and not max(1, shape.classes) <= wanted <= rest:
        msg = f"asks for {wanted} examples; {max(1, shape.classes)} to {rest} are possible after validation and test"
        errors.append(FieldError(loc="data.train_size", msg=msg, got=spec.data.train_size))
    if errors:
        raise PlanError(errors)
    return {"train": wanted, **count}


def _count(size: float, n: int) -> int:
    return size if isinstance(size, int) else round(size * n)


def _on_meta(spec: RunSpec, params: Mapping[str, Strict], shape: Shape) -> nn.Module:
    with torch.device("meta"):
        model = build_model(spec, params, shape)
    count = sum(p.numel() for p in model.parameters())
    if count > MAX_PARAMETERS:
        msg = f"the model would have {count:,} parameters; {MAX_PARAMETERS:,} are allowed. Make it narrower or less deep"
        raise PlanError([FieldError(loc="model.params", msg=msg, got=spec.model.params)])
    return model


def _bytes(spec: RunSpec, model: nn.Module, parameters: int, batch: int) -> int:
    """Weights, gradients, optimizer state (two a weight at the most) and activations, roughly."""
    held = sum(batch * m.out_features for m in model.modules() if isinstance(m, nn.Linear)) * 6
    total = 4 * (4 * parameters + held)
    available = psutil.virtual_memory().available
    if held > MAX_ACTIVATIONS * 6 or total > 0.8 * available:
        msg = f"a batch would take about {total >> 20:,} MiB; {available >> 20:,} MiB are free. Take a smaller batch or model"
        raise PlanError([FieldError(loc="data.batch_size", msg=msg, got=spec.data.batch_size)])
    return total


def _layers(model: nn.Module) -> list[dict[str, Any]]:
    layers = Instrument(model, Memory(), every="never").layers
    return [{"name": x.name, "kind": x.kind, "parameters": x.parameters, "norm": x.norm, "activation": x.activation} for x in layers]


def _live_of(model: type[Any], prefix: str) -> list[str]:
    paths = []
    for name, field in model.model_fields.items():
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("live"):
            paths.append(prefix + name)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Strict):
            paths += _live_of(field.annotation, f"{prefix}{name}.")
    return paths


def _at(spec: RunSpec, path: str) -> Any:
    node: Any = spec
    for part in path.split("."):
        node = node[part] if isinstance(node, dict) else getattr(node, part)
    return node
