"""A run as a plain PyTorch script: the product's own functions with inlined parameters, and the loop of `script.py.jinja`."""

import pprint
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from torch import nn

from dynascope import __version__
from dynascope.sentence import say
from trainer import build, data, registry
from trainer.excerpt import Excerpt
from trainer.losses import loss_for
from trainer.parts.inits import drawn
from trainer.plan import Plan, PlanError, on_meta, part_params, plan, with_changes
from trainer.spec import EarlySpec, FieldError, RunSpec, Strict

TEMPLATE = Path(__file__).with_name("script.py.jinja")
#: The templates write Python, not HTML, and this process does not run it. Every value comes from a checked spec: number or name.
_TEMPLATES = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, autoescape=False)

#: Live changes that a script repeats, and those that don't change any number.
REPEATED = ("optimizer.params.", "penalty.l1", "penalty.l2", "optimizer.clip_norm")
IDLE = ("pace", "probes.", "name", "tags", "notes", "stop.")

#: A changed patience would need early stopping's memory of the run before the change.
LATER = "was changed on the way; a script has the early stopping of its beginning"


def script(spec: RunSpec, changes: Sequence[tuple[float, dict[str, Any]]] = (), steps: int | None = None) -> str:
    """`changes`: (step, {dotted path: value}) as they were made; `steps`: number of steps made, None for all steps of the spec.

    Raises PlanError for a change that a script can't repeat.
    """
    planned, excerpt = plan(spec), Excerpt()
    ending = _ending(planned, changes)
    made = ending.steps if steps is None else steps
    loop = _loop(planned, excerpt, _settings(spec, changes), made, ending.spec.stop.early)
    given = _data(planned, excerpt) | _model(planned, excerpt) | loop
    body = _TEMPLATES.from_string(TEMPLATE.read_text("utf-8")).render(given).strip()
    imports = sorted({"import sys", "import torch", *excerpt.imports}, key=lambda line: (line.startswith("from"), line))
    title = spec.name.replace("\\", "/").replace('"""', "'''") or "a run"
    head = f'"""{title}, as Dynascope {__version__} trained it. `python {{this file}} losses.csv` writes every training loss."""'
    return "\n\n".join([head, "\n".join(imports), _seeds(spec), "", excerpt.text(), "", body]) + "\n"


def _seeds(spec: RunSpec) -> str:
    """The run's seed, and the seed of data and split if it is different."""
    own = f"torch.set_num_threads(1)\nSEED = {spec.seed}"
    return own if spec.data.split_seed is None else f"{own}\nSPLIT_SEED = {spec.data.split_seed}"


def _data(planned: Plan, excerpt: Excerpt) -> dict[str, Any]:
    spec, params, classes = planned.spec, part_params(planned.spec), planned.shape.classes
    excerpt.define(build.derived, "derived", {})
    excerpt.define(data.split, "split", {})
    dataset, how = registry.part("dataset", spec.data.name), spec.data.resample
    excerpt.define(dataset.load, "load", _known(params["dataset"]), drop=("params",))
    redraws = how == "fresh" and _overrides(dataset, "fresh")  # otherwise `load` draws again, with another seed
    if redraws:
        excerpt.define(dataset.fresh, "fresh", _known(params["dataset"]), drop=("params",))
    if how in ("bootstrap", "subsample"):
        excerpt.define(data.drawn, "resampled", {"how": how})
    if spec.data.standardize:
        excerpt.define(data.moments, "moments", {})
        excerpt.imports.add("import numpy as np")
    noise = spec.data.label_noise if classes else 0.0
    if noise:
        excerpt.define(data.with_noise, "with_noise", {})
    return {
        "inputs": planned.shape.inputs,
        "classes": classes,
        "sizes": planned.sizes,
        "standardize": spec.data.standardize,
        "noise": noise,
        "source": "SEED" if spec.data.split_seed is None else "SPLIT_SEED",
        "how": how,
        "redraws": redraws,
        "pool": build.pool(planned),
    }


def _model(planned: Plan, excerpt: Excerpt) -> dict[str, Any]:
    spec, params, shape = planned.spec, part_params(planned.spec), planned.shape
    norm, activation = registry.part("norm", spec.norm.name), registry.part("activation", spec.model.activation.name)
    model, init = registry.part("model", spec.model.name), registry.part("init", spec.init.name)
    if model.works_with.get("hidden", True):
        excerpt.define(norm.build, "norm", _known(params["norm"]) | {"last": model.channels_last}, drop=("params",))
        excerpt.define(activation.build, "activation", _known(params["activation"]), drop=("params",))
    of_shape = {f"shape.{name}": getattr(shape, name) for name in ("inputs", "outputs", "classes", "padded")}
    of_self = {f"self.{name}": getattr(model, name) for name in dir(model) if isinstance(getattr(model, name), (bool, int, float, str))}
    of_model = _known(params["model"]) | of_shape | of_self | {"placement": spec.norm.placement}
    excerpt.define(model.build, "build", of_model, drop=("params", "norm", "activation"))
    of_init = _known(params["init"])
    excerpt.define(init.apply, "initialise", of_init, drop=("params",))
    excerpt.define(init.bias, "initialise_bias", of_init, drop=("params",))
    fits = _overrides(init, "fit")
    if fits:
        excerpt.define(init.fit, "fit", of_init, drop=("params",))
    kinds = [type(module) for module in on_meta(spec, params, shape).modules()]
    tests = {"RNNBase": nn.RNNBase, "Embedding": nn.Embedding}
    absent = {f"isinstance(module, nn.{name})": False for name, kind in tests.items() if not any(issubclass(k, kind) for k in kinds)}
    excerpt.define(drawn, "drawn", absent)
    excerpt.define(model.activated, "activated", {})
    sees = _overrides(model, "see")
    if sees:
        excerpt.define(model.see, "see", {})
    excerpt.imports |= {"from torch import nn"}
    return {"gain": activation.gain(params["activation"]), "fits": build.FIT if fits else 0, "sees": sees}


def _loop(planned: Plan, excerpt: Excerpt, settings: dict[int, dict[str, Any]], made: int, early: EarlySpec | None) -> dict[str, Any]:
    spec, params = planned.spec, part_params(planned.spec)
    excerpt.define(loss_for(spec.loss, planned.shape.classes), "loss_of", {})
    optimizer = registry.part("optimizer", spec.optimizer.name)
    own = ", ".join(f"{k}={v!r}" for k, v in optimizer.arguments(params["optimizer"]).items())
    now = {"lr": spec.optimizer.params["lr"], "l1": spec.penalty.l1, "l2": spec.penalty.l2, "clip": spec.optimizer.clip_norm}
    penalised = any(s.get("l1") or s.get("l2") for s in (now, *settings.values()))
    penalty = registry.part("penalty", spec.penalty.method)
    acts = {name: _overrides(penalty, name) and penalised for name in ("add_gradient", "decay", "shrink")}
    readied = bool(settings) and _overrides(optimizer, "ready")
    if readied:
        excerpt.define(optimizer.ready, "ready", {})
    for name, does in acts.items():
        if does:
            excerpt.define(getattr(penalty, name), name, {})
    if spec.optimizer.schedule:
        known = _known(params["schedule"]) | {"steps": planned.steps}
        excerpt.define(registry.part("schedule", spec.optimizer.schedule.name).factor, "factor", known, drop=("params",))
    excerpt.imports |= {"import copy"} if early and early.restore_best else set()
    return {
        "optimizer": f"{optimizer.of_torch.__name__}(model.parameters(), {own})",
        "now": now,
        "changes": pprint.pformat(settings, width=120) if settings else "",
        "early": early,
        "steps_per_epoch": planned.steps_per_epoch,
        "steps": made,
        "batch": planned.batch,
        "schedule": spec.optimizer.schedule,
        "acts": acts,
        "readied": readied,
        "clipped": any(s.get("clip") is not None for s in (now, *settings.values())),
    }


def _known(params: Strict) -> dict[str, Any]:
    """A part's parameters in the form that an excerpt uses: `params.lr` → its value."""
    return {f"params.{name}": value for name, value in params.model_dump().items()}


def _overrides(part: Any, name: str) -> bool:
    """Whether a part overrides a method; the base's method does nothing."""
    return name in vars(type(part))


def _ending(planned: Plan, changes: Sequence[tuple[float, dict[str, Any]]]) -> Plan:
    """The plan with the last given end. Raises PlanError if a schedule began with another end."""
    spec, put_off = planned.spec, dict[str, Any]()
    for _, changed in changes:
        stopped = [FieldError(loc=path, msg=LATER, got=value) for path, value in changed.items() if path.startswith("stop.early")]
        if stopped:
            raise PlanError(stopped)
        put_off |= {path: value for path, value in changed.items() if path.startswith("stop.")}
        spec = with_changes(spec, {path: value for path, value in changed.items() if path.startswith("stop.")})
    ending = plan(spec)
    if planned.spec.optimizer.schedule and ending.steps != planned.steps:
        msg = say("was changed on the way; the schedule depends on it, which a script can't repeat")
        raise PlanError([FieldError(loc=path, msg=msg, got=value) for path, value in put_off.items()])
    return ending


def _settings(spec: RunSpec, changes: Sequence[tuple[float, dict[str, Any]]]) -> dict[int, dict[str, Any]]:
    """Live changes as the script applies them: penalties and clipping by short names, the rest by the names in the optimizer's groups."""
    out: dict[int, dict[str, Any]] = {}
    for step, changed in changes:
        wrong = [path for path in changed if not path.startswith(REPEATED) and not path.startswith(IDLE)]
        if wrong:
            msg = say("was changed at step {step}, which a script can't repeat; it can: {list}", step=f"{step:g}", list=", ".join(REPEATED))
            raise PlanError([FieldError(loc=path, msg=msg, got=changed[path]) for path in wrong])
        spec = with_changes(spec, changed)
        at = out.setdefault(int(step), {})
        short = {"penalty.l1": "l1", "penalty.l2": "l2", "optimizer.clip_norm": "clip"}
        at |= {short[path]: value for path, value in changed.items() if path in short}
        if any(path.startswith("optimizer.params.") for path in changed):
            at |= registry.part("optimizer", spec.optimizer.name).settings(part_params(spec)["optimizer"])
    return {step: at for step, at in out.items() if at}
