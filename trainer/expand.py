"""A study's base and axes → the specs of its cells. What differs between the runs of a cell is the seed alone.

Cells are numbered in the order of `itertools.product`: the last axis runs fastest.
"""

import difflib
import time
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from dynascope.sentence import say
from trainer import plan, registry
from trainer.plan import CHOICES, PlanError
from trainer.spec import FieldError, RunSpec, Strict

Axes = Mapping[str, Sequence[Any]]

#: Seconds after which `cells` hands over what it has: far below the planner's patience.
BITE = 0.4
#: Not to be varied: seeds have a place of their own in a study, the others make no difference.
REFUSED = {
    "seed": say("give seeds as the study's `seeds`"),
    **dict.fromkeys(("name", "tags", "notes"), say("it changes nothing about a training")),
}
CLOSE = 3


def base_of(base: RunSpec, axes: Axes) -> RunSpec:
    """The base with its defaults filled in. Raises PlanError for an axis over what is no field of the spec."""
    known = fields(base, axes)
    wrong = [FieldError(loc=f"axes.{path}", msg=why, got=path) for path in axes if (why := _why_not(path, known))]
    if wrong:
        raise PlanError(wrong)
    try:
        return plan.filled(base)
    except PlanError:  # what is wrong with the base, an axis may mend; if none does, every cell says it
        return base


def _why_not(path: str, known: Sequence[str]) -> str:
    if path in REFUSED:
        return say("can't be an axis: {why}", why=REFUSED[path])
    if path in known:
        return ""
    close = difflib.get_close_matches(path, known, CLOSE, 0.0)
    close += [field for field in known if field.rpartition(".")[2] == path.rpartition(".")[2]]
    return say("there is no such field in a spec; the closest that there are: {list}", list=", ".join(dict.fromkeys(close)))


def fields(base: RunSpec, axes: Axes) -> list[str]:
    """Dotted paths of all that a cell can have: the spec's own, and the params of every part that the base or an axis chooses."""
    paths = _fields(RunSpec, "")
    for kind, name_path, params_path in CHOICES:
        if params_path:
            for name in sorted(_chosen(base, axes, name_path) & set(registry.names(kind))):
                paths += [f"{params_path}.{field}" for field in registry.part(kind, name).Params.model_fields]
    return list(dict.fromkeys(path for path in paths if path not in REFUSED))


def _chosen(base: RunSpec, axes: Axes, name_path: str) -> set[str]:
    """Every name that a part has in some cell."""
    chosen = {plan.at(base, name_path), *(v for v in axes.get(name_path, ()) if isinstance(v, str))}
    parts = name_path.split(".")
    for i in range(1, len(parts)):  # an axis over a whole group: `init`, or `model` with its activation
        for value in axes.get(".".join(parts[:i]), ()):
            for key in parts[i:]:
                value = value.get(key) if isinstance(value, dict) else None
            chosen |= {value} if isinstance(value, str) else set()
    return {name for name in chosen if name is not None}


def _fields(model: type[Strict], prefix: str) -> list[str]:
    paths = []
    for name, field in model.model_fields.items():
        paths.append(prefix + name)
        for inner in get_args(field.annotation) or (field.annotation,):  # a group that may be off is `Group | None`
            if isinstance(inner, type) and issubclass(inner, Strict):
                paths += _fields(inner, f"{prefix}{name}.")
    return paths


def count(axes: Axes) -> int:
    cells = 1
    for values in axes.values():
        cells *= len(values)
    return cells


def values_of(axes: Axes, index: int) -> dict[str, Any]:
    """Path → value of a cell."""
    values = {}
    for path in reversed(list(axes)):
        index, position = divmod(index, len(axes[path]))
        values[path] = axes[path][position]
    return {path: values[path] for path in axes}


def spec_of(base: RunSpec, values: Mapping[str, Any]) -> RunSpec:
    """A cell's spec: whole groups first, then what lies in them. Raises PlanError."""
    return plan.with_changes(base, {path: values[path] for path in sorted(values, key=lambda path: path.count("."))})


def cells(base: RunSpec, axes: Axes, first: int) -> list[dict[str, Any]]:
    """From the cell `first` on, as many as a bite takes and at least one: `{"values", "spec", "refused"}`, one of the latter None."""
    made: list[dict[str, Any]] = []
    until = time.monotonic() + BITE
    for index in range(first, count(axes)):
        values = values_of(axes, index)
        try:
            made.append({"values": values, "spec": plan.plan(spec_of(base, values)).spec.model_dump(), "refused": None})
        except PlanError as refused:
            made.append({"values": values, "spec": None, "refused": [error.model_dump() for error in refused.errors]})
        if time.monotonic() > until:
            break
    return made
