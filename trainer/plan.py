"""Makes a checked plan from a spec, or lists all its errors; and the catalogue of all parts.

Nothing is allocated: models are built on the meta device, and only after their parameters have been checked.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

import psutil
import torch
from pydantic import ValidationError
from torch import nn

from dynascope import __version__, bins, diagnoses
from dynascope.sentence import said, say
from dynascope.sinks.memory import Memory
from dynascope.watch import Instrument
from trainer import presets, registry, studies
from trainer.agreement import PlanError, check_task, disagreements, seen, split_sizes
from trainer.parts.datasets import Shape
from trainer.registry import KINDS, Refused
from trainer.spec import FieldError, RunSpec, Strict, dotted, put_at, words_of

MAX_PARAMETERS = 100_000_000
#: Maximum number of values that a hidden layer's activations and gradients hold at once.
MAX_ACTIVATIONS = 200_000_000
#: Number of models for which the count of values per example is remembered.
MADE = 1000
_made: dict[str, int] = {}

#: The place of each choice of a part in a spec: (kind, path of its name, path of its params).
CHOICES = (
    ("dataset", "data.name", "data.params"),
    ("model", "model.name", "model.params"),
    ("activation", "model.activation.name", "model.activation.params"),
    ("init", "init.name", "init.params"),
    ("norm", "norm.name", "norm.params"),
    ("penalty", "penalty.method", None),
    ("optimizer", "optimizer.name", "optimizer.params"),
    ("schedule", "optimizer.schedule.name", "optimizer.schedule.params"),
)
#: Kinds of which no part is chosen if the spec has null at this path.
OPTIONAL = {"schedule": "optimizer.schedule"}


@dataclass(frozen=True)
class Plan:
    spec: RunSpec  #: full, defaults filled in
    shape: Shape
    sizes: dict[str, int]  #: numbers of examples in train, val and test
    batch: int
    drops_last: bool  #: whether a last batch of one example is left out under batch norm
    steps_per_epoch: int
    steps: int
    layers: list[dict[str, Any]]
    parameters: int
    bytes: int
    warnings: list[str]

    def describe(self) -> dict[str, Any]:
        """The plan in the form of the REST API."""
        return {
            "spec": self.spec.model_dump(),
            "inputs": list(self.shape.inputs),
            "layout": self.shape.layout,
            "classes": self.shape.classes,
            "task": self.shape.task,
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
    """Checks a spec. Raises PlanError with every wrong field."""
    full, params = _filled(spec)
    warnings: list[str] = []
    shape = seen(full, _shape(full, params["dataset"]))
    check_task(full, shape)
    sizes = split_sizes(full, shape)
    batch = sizes["train"] if full.data.batch_size == "full" else full.data.batch_size
    if batch > sizes["train"]:
        warnings.append(
            say(
                "data.batch_size {batch} is larger than the training set; every batch is all of its {train} examples",
                batch=batch,
                train=sizes["train"],
            )
        )
        batch = sizes["train"]
    needs_two = _needs_two(full, shape)
    if needs_two and batch == 1:
        msg = say(
            "batch normalisation needs at least 2 examples a batch: their variance is what it divides by; use 2 or more, or norm layer"
        )
        raise PlanError([FieldError(loc="data.batch_size", msg=msg, got=full.data.batch_size)])
    drops_last = needs_two and sizes["train"] % batch == 1
    if drops_last:
        warnings.append(say("the last batch of each epoch would hold one example, which batch normalisation can't use: it is left out"))
    if full.norm.name != "none" and not registry.part("model", full.model.name).works_with.get("hidden", True):
        warnings.append(
            say("{name} has no hidden layer: norm {norm} and the activation are not used", name=full.model.name, norm=full.norm.name)
        )
    model = on_meta(full, params, shape)
    parameters = sum(p.numel() for p in model.parameters())
    bytes_ = _bytes(full, model, shape, parameters, batch)
    steps_per_epoch = sizes["train"] // batch if drops_last else math.ceil(sizes["train"] / batch)
    steps = total_steps(full, steps_per_epoch)
    return Plan(full, shape, sizes, batch, drops_last, steps_per_epoch, steps, _layers(model), parameters, bytes_, warnings)


def plan_fork(spec: RunSpec, changes: Mapping[str, Any], step: float) -> Plan:
    """The plan of a run that continues at `step`. Raises PlanError, also if no steps are left."""
    return _with_steps_left(plan(with_changes(spec, changes)), step)


def plan_resume(spec: RunSpec, changes: Mapping[str, Any], step: float, about: Mapping[str, Any] | None) -> Plan:
    """The plan of the same run, continuing at `step`. `about` is its checkpoint's metadata (None: start from the beginning).

    Raises PlanError for a change that can't be made to a run that continues, and if no steps are left.
    """
    allowed = [*live_paths(spec), "stop.early"]
    wrong = [
        FieldError(
            loc=path, msg=say("can't change in a run that goes on; fork it for that. These can: {list}", list=", ".join(allowed)), got=value
        )
        for path, value in changes.items()
        if path not in allowed
    ]
    if wrong:
        raise PlanError(wrong)
    planned = _with_steps_left(plan(with_changes(spec, changes)), step)
    early = planned.spec.stop.early
    if about and early and about["at"] == 0 and about["early"]["reached"] and about["early"]["waited"] >= early.patience:
        waited = about["early"]["waited"]
        msg = say(
            "early stopping ended this run after {waited} evaluations without a gain; give more patience than that, or stop.early null",
            waited=waited,
        )
        raise PlanError([FieldError(loc="stop.early.patience", msg=msg, got=early.patience)])
    return planned


def _with_steps_left(planned: Plan, step: float) -> Plan:
    if planned.steps <= step:
        loc = "stop.max_steps" if planned.spec.stop.max_steps else "stop.max_epochs"
        msg = say(
            "the run ends at step {steps} and is at {step} already; give more to go on", steps=f"{planned.steps:,}", step=f"{step:,.0f}"
        )
        raise PlanError([FieldError(loc=loc, msg=msg, got=at(planned.spec, loc))])
    return planned


def total_steps(spec: RunSpec, steps_per_epoch: int) -> int:
    epochs = spec.stop.max_epochs
    return min(x for x in (epochs and epochs * steps_per_epoch, spec.stop.max_steps) if x)


def build_model(spec: RunSpec, params: Mapping[str, Strict], shape: Shape) -> nn.Module:
    """Builds the model on the default device, with PyTorch's own initial weights."""
    norm, activation = registry.part("norm", spec.norm.name), registry.part("activation", spec.model.activation.name)

    model = registry.part("model", spec.model.name)

    def build_norm(channels: int, dims: int) -> nn.Module | None:
        norm.check(channels, dims, params["norm"])
        module: nn.Module | None = norm.build(channels, dims, params["norm"], model.channels_last)
        return module

    with _blaming("model"):
        model.check(shape, params["model"])
    with _blaming("norm"):
        if shape.padded:
            norm.check_padded(params["norm"])
        made: nn.Module = model.build(
            shape, params["model"], build_norm, lambda: activation.build(params["activation"]), spec.norm.placement
        )
    return made


@contextmanager
def _blaming(part: str) -> Iterator[None]:
    """Turns a part's `Refused` into a PlanError for the field of the spec."""
    try:
        yield
    except Refused as refused:
        loc = f"{part}.name" if refused.param == "name" else f"{part}.params.{refused.param}"
        raise PlanError([FieldError(loc=loc, msg=said(refused), got=refused.got)]) from None


def part_params(spec: RunSpec) -> dict[str, Strict]:
    """Kind → checked params of the chosen part. Raises PlanError."""
    return _filled(spec)[1]


def filled(spec: RunSpec) -> RunSpec:
    """The spec with every part's defaults. Raises PlanError."""
    return _filled(spec)[0]


def check_changes(spec: RunSpec, changes: Mapping[str, Any]) -> RunSpec:
    """The spec after a live `set`. Raises PlanError; only fields declared live may change."""
    allowed = live_paths(spec)
    wrong = [
        FieldError(loc=path, msg=say("can't change while a run goes on; these can: {list}", list=", ".join(allowed)), got=value)
        for path, value in changes.items()
        if path not in allowed
    ]
    if wrong:
        raise PlanError(wrong)
    return _filled(with_changes(spec, changes))[0]


def with_changes(spec: RunSpec, changes: Mapping[str, Any]) -> RunSpec:
    """The spec with values at dotted paths. A newly chosen part starts with its own params. Raises PlanError."""
    data = spec.model_dump()
    for kind, name_path, params_path in CHOICES:
        if params_path and name_path in changes and at(spec, name_path) != changes[name_path]:
            put_at(data, params_path, {}, OPTIONAL.get(kind))
    wrong = [
        FieldError(loc=path, msg=say("there is no such field in this run's spec"), got=value)
        for path, value in changes.items()
        if not put_at(data, path, value)
    ]
    if wrong:
        raise PlanError(wrong)
    try:
        return RunSpec.model_validate(data)
    except ValidationError as refused:
        raise PlanError(_field_errors(refused, "")) from None


def live_paths(spec: RunSpec) -> list[str]:
    """Dotted paths that can change during a run: those that RunSpec and its chosen parts declare live."""
    paths = [path for path in _live_of(RunSpec, "") if at(spec, path.rpartition(".")[0]) is not None]
    for kind, name, where in CHOICES:
        if where and (chosen := at(spec, name)) is not None:
            paths += _live_of(registry.part(kind, chosen).Params, where + ".")
    return paths


def catalog() -> dict[str, Any]:
    """The information about all parts that a form, a script or a page needs."""
    defaults = plan(RunSpec()).spec
    live = set(_live_of(RunSpec, ""))
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
        "presets": [preset.describe() for preset in presets.discover()],
        "studies": [study.describe() for study in studies.discover()],
        "diagnoses": diagnoses.describe(),
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
        name = at(spec, name_path)
        if name is None and kind in OPTIONAL:
            continue
        if name not in registry.names(kind):
            errors.append(
                FieldError(
                    loc=name_path,
                    msg=say("there is no {kind} of that name; there are: {list}", kind=kind, list=", ".join(registry.names(kind))),
                    got=name,
                )
            )
            continue
        try:
            checked = registry.part(kind, name).Params.model_validate(at(spec, params_path) if params_path else {})
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
    errors += disagreements(spec) if not errors else []
    if errors:
        raise PlanError(errors)
    return RunSpec.model_validate(data), params


def _needs_two(spec: RunSpec, shape: Shape) -> bool:
    """Whether one example would be a batch of one value per channel, which batch normalisation can't use."""
    hidden = registry.part("model", spec.model.name).works_with.get("hidden", True)
    positions = shape.inputs[:-1] if shape.layout == "sequence" else shape.inputs[1:]
    return bool(registry.part("norm", spec.norm.name).needs_two and hidden and math.prod(positions) == 1)


def _shape(spec: RunSpec, params: Strict) -> Shape:
    """Raises PlanError if the data are missing or can't be read."""
    try:
        shape: Shape = registry.part("dataset", spec.data.name).shape(params)
    except Refused as refused:
        raise PlanError([FieldError(loc=f"data.params.{refused.param}", msg=said(refused), got=refused.got)]) from None
    return shape


def _field_errors(refused: ValidationError, where: str) -> list[FieldError]:
    out = []
    for e in refused.errors():
        loc = ".".join(filter(None, [where, dotted(e["loc"])]))
        unknown = e["type"] == "extra_forbidden"
        msg = say("there is no such parameter; see the part's schema in the catalogue") if unknown else words_of(e)
        out.append(FieldError(loc=loc, msg=msg, got=e["input"]))
    return out


def on_meta(spec: RunSpec, params: Mapping[str, Strict], shape: Shape) -> nn.Module:
    """The model on the meta device, without memory for its weights. Raises PlanError."""
    with torch.device("meta"):
        model = build_model(spec, params, shape)
    count = sum(p.numel() for p in model.parameters())
    if count > MAX_PARAMETERS:
        msg = say(
            "the model would have {count} parameters; {most} are allowed. Make it narrower or less deep",
            count=f"{count:,}",
            most=f"{MAX_PARAMETERS:,}",
        )
        raise PlanError([FieldError(loc="model.params", msg=msg, got=spec.model.params)])
    return model


def _bytes(spec: RunSpec, model: nn.Module, shape: Shape, parameters: int, batch: int) -> int:
    """A rough sum of weights, gradients, optimizer state (at most two values per weight) and values kept for the backward pass."""
    held = 2 * _values_made(spec, model, shape) * batch
    total = 4 * (4 * parameters + held)
    available = psutil.virtual_memory().available
    if held > MAX_ACTIVATIONS * 6 or total > 0.8 * available:
        msg = say(
            "a batch would take about {needed} MiB; {free} MiB are free. Take a smaller batch or model",
            needed=f"{total >> 20:,}",
            free=f"{available >> 20:,}",
        )
        raise PlanError([FieldError(loc="data.batch_size", msg=msg, got=spec.data.batch_size)])
    return total


def _values_made(spec: RunSpec, model: nn.Module, shape: Shape) -> int:
    """Values that layers make of one example. It is remembered for a study's cells, because this forward pass is most of a plan's time."""
    key = repr((shape, spec.model, spec.norm))
    if key in _made:
        return _made[key]
    made = 0

    def count(module: nn.Module, args: Any, output: Any) -> None:
        nonlocal made
        made += sum(t.numel() for t in (output if isinstance(output, tuple) else (output,)) if isinstance(t, torch.Tensor))

    handles = [module.register_forward_hook(count) for module in model.modules() if next(module.children(), None) is None]
    try:
        with torch.no_grad():  # two examples, because a norm without running statistics takes the variance over them in eval mode too
            model.eval()(torch.empty((2, *shape.inputs), device="meta"))
    except ValueError as error:
        msg = say(
            "has a single value to normalise in some layer, of which nothing would be left ({error}); use another norm, or more units",
            error=error,
        )
        raise PlanError([FieldError(loc="norm.name", msg=msg, got=spec.norm.name)]) from None
    made //= 2
    for handle in handles:
        handle.remove()
    if len(_made) >= MADE:
        _made.clear()
    _made[key] = made
    return made


def _layers(model: nn.Module) -> list[dict[str, Any]]:
    layers = Instrument(model, Memory(), every="never").layers
    return [{"name": x.name, "kind": x.kind, "parameters": x.parameters, "norm": x.norm, "activation": x.activation} for x in layers]


def _live_of(model: type[Any], prefix: str) -> list[str]:
    paths = []
    for name, field in model.model_fields.items():
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("live"):
            paths.append(prefix + name)
        for inner in get_args(field.annotation) or (field.annotation,):  # an optional group has the type `Group | None`
            if isinstance(inner, type) and issubclass(inner, Strict):
                paths += _live_of(inner, f"{prefix}{name}.")
    return paths


def at(spec: RunSpec, path: str) -> Any:
    """The value at a dotted path; None if a group on the path is off."""
    node: Any = spec
    for part in filter(None, path.split(".")):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    return node
