"""A study's base and axes → the specs of its cells. Only the seed differs between the runs of a cell.

Cells are numbered in the order of `itertools.product`: the last axis changes fastest.
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

#: Seconds after which `cells` returns its results so far: far below the planner's timeout.
BITE = 0.4
#: Fields that can't be an axis: seeds are a separate field of a study, the others have no effect on training.
REFUSED = {
    "seed": say("give seeds as the study's `seeds`"),
    **dict.fromkeys(("name", "tags", "notes"), say("it changes nothing about a training")),
}
CLOSE = 3


def base_of(base: RunSpec, axes: Axes) -> RunSpec:
    """The base with its defaults filled in. Raises PlanError for an axis that is no field of the spec."""
    known = fields(base, axes)
    wrong = [FieldError(loc=f"axes.{path}", msg=why, got=path) for path in axes if (why := _why_not(path, known))]
    if wrong:
        raise PlanError(wrong)
    try:
        return plan.filled(base)
    except PlanError:  # an axis may correct what is wrong in the base; otherwise every cell reports it
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
    """Dotted paths of all fields that a cell can have: those of the spec, and the params of every part in the base or an axis."""
    paths = _fields(RunSpec, "")
    for kind, name_path, params_path in CHOICES:
        if params_path:
            for name in sorted(_chosen(base, axes, name_path) & set(registry.names(kind))):
                paths += [f"{params_path}.{field}" for field in registry.part(kind, name).Params.model_fields]
    return list(dict.fromkeys(path for path in paths if path not in REFUSED))


def _chosen(base: RunSpec, axes: Axes, name_path: str) -> set[str]:
    """All names that a part has in any cell."""
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
        for inner in get_args(field.annotation) or (field.annotation,):  # an optional group has the type `Group | None`
            if isinstance(inner, type) and issubclass(inner, Strict):
                paths += _fields(inner, f"{prefix}{name}.")
    return paths


def count(axes: Axes) -> int:
    cells = 1
    for values in axes.values():
        cells *= len(values)
    return cells


def values_of(axes: Axes, index: int) -> dict[str, Any]:
    """The values of a cell: path → value."""
    values = {}
    for path in reversed(list(axes)):
        index, position = divmod(index, len(axes[path]))
        values[path] = axes[path][position]
    return {path: values[path] for path in axes}


def spec_of(base: RunSpec, values: Mapping[str, Any]) -> RunSpec:
    """A cell's spec: whole groups are set first, then fields inside them. Raises PlanError."""
    return plan.with_changes(base, {path: values[path] for path in sorted(values, key=lambda path: path.count("."))})


def cells(base: RunSpec, axes: Axes, first: int) -> list[dict[str, Any]]:
    """The cells from `first` on, as many as BITE seconds allow, at least one: `{"values", "spec", "refused"}`; spec or refused is None."""
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
