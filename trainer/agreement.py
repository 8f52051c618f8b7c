"""Checks of a spec's choices against each other and against the data: each value may be valid by itself, but not the combination.

No model is built for these checks; `trainer.plan` calls all of them.
"""

from dataclasses import replace
from typing import Any

from dynascope.sentence import keep, say
from trainer import registry
from trainer.parts.datasets import Shape
from trainer.spec import FieldError, RunSpec, told


class PlanError(Exception):
    """A spec that can't be run. It lists every wrong field, not only the first."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(told(errors))
        self.errors = errors

    def told(self) -> dict[str, Any]:
        """The errors in the form of an event: in English, with the kept form of each sentence for its translation."""
        errors = [error.model_dump() | {"msg": str(error.msg)} for error in self.errors]
        return {"errors": errors, "sentences": [keep(error.msg) for error in self.errors]}


def disagreements(spec: RunSpec) -> list[FieldError]:
    """The errors of combinations among the fields that are live or are chosen beside a live field."""
    wrong = []
    penalty, optimizer = registry.part("penalty", spec.penalty.method), registry.part("optimizer", spec.optimizer.name)
    for term in ("l1", "l2"):
        if getattr(spec.penalty, term) and term not in penalty.terms:
            others = [name for name in registry.names("penalty") if term in registry.part("penalty", name).terms]
            msg = say(
                "{method} has no form of {term}; set it to 0 or penalty.method to {list}",
                method=spec.penalty.method,
                term=term.upper(),
                list=" or ".join(others),
            )
            wrong.append(FieldError(loc=f"penalty.{term}", msg=msg, got=getattr(spec.penalty, term)))
    if penalty.needs_scalar_lr and not optimizer.scalar_lr:
        fits = [name for name in registry.names("optimizer") if registry.part("optimizer", name).scalar_lr]
        msg = say(
            "its threshold is lr·λ, right where one learning rate holds for all weights; {name} has one a weight. Use "
            "optimizer {list}, or penalty.method subgradient",
            name=spec.optimizer.name,
            list=" or ".join(fits),
        )
        wrong.append(FieldError(loc="penalty.method", msg=msg, got=spec.penalty.method))
    if spec.optimizer.name == "gd" and spec.data.batch_size != "full":
        msg = say("gradient descent takes the whole training set in every step; give full, or use optimizer sgd")
        wrong.append(FieldError(loc="data.batch_size", msg=msg, got=spec.data.batch_size))
    return wrong + _wrong_resampling(spec)


def _wrong_resampling(spec: RunSpec) -> list[FieldError]:
    """The errors of `data.resample`: settings from which no training set can be drawn."""
    how, wrong = spec.data.resample, []
    if how != "none" and spec.data.split_seed is None:
        msg = say(
            "each run draws its own training set beside validation and test sets that all share: give data.split_seed too, or resample none"
        )
        wrong.append(FieldError(loc="data.resample", msg=msg, got=how))
    if how == "fresh" and not registry.part("dataset", spec.data.name).generated:
        fits = [name for name in registry.names("dataset") if registry.part("dataset", name).generated]
        msg = say(
            "{name} has the examples that it has; use bootstrap or subsample, or data that are generated: {list}",
            name=spec.data.name,
            list=", ".join(fits),
        )
        wrong.append(FieldError(loc="data.resample", msg=msg, got=how))
    return wrong


def seen(spec: RunSpec, shape: Shape) -> Shape:
    """The data set as the model reads it. Raises PlanError if the model can't read it."""
    layouts = registry.part("model", spec.model.name).works_with["layouts"]
    for layout in layouts:
        if layout in shape.views and (not shape.padded or registry.part("model", spec.model.name).works_with.get("padded")):
            return replace(shape, layout=layout)
    if shape.padded:
        fits = [name for name in registry.names("model") if registry.part("model", name).works_with.get("padded")]
        msg = say("can't leave out the padding of sequences that differ in length; these can: {list}", list=", ".join(fits))
        raise PlanError([FieldError(loc="model.name", msg=msg, got=spec.model.name)])
    fits = [name for name in registry.names("model") if set(registry.part("model", name).works_with["layouts"]) & shape.views.keys()]
    msg = say(
        "reads {layouts} data; {name} has {has}. Models that fit it: {models}",
        layouts=" or ".join(layouts),
        name=spec.data.name,
        has=", ".join(shape.views),
        models=", ".join(fits),
    )
    raise PlanError([FieldError(loc="model.name", msg=msg, got=spec.model.name)])


def check_task(spec: RunSpec, shape: Shape) -> None:
    if shape.classes:
        return
    errors = []
    if spec.loss == "cross_entropy":
        msg = say("cross-entropy needs classes and {name} is a regression; use mse or auto", name=spec.data.name)
        errors.append(FieldError(loc="loss", msg=msg, got=spec.loss))
    if spec.data.label_noise:
        msg = say("label noise replaces classes and {name} is a regression; use the data set's own noise", name=spec.data.name)
        errors.append(FieldError(loc="data.label_noise", msg=msg, got=spec.data.label_noise))
    if spec.stop.early and spec.stop.early.monitor == "val/accuracy":
        msg = say("{name} is a regression, which has no accuracy; use val/loss", name=spec.data.name)
        errors.append(FieldError(loc="stop.early.monitor", msg=msg, got=spec.stop.early.monitor))
    if errors:
        raise PlanError(errors)


def split_sizes(spec: RunSpec, shape: Shape) -> dict[str, int]:
    """Examples of each split; all examples outside test and validation are for training."""
    n = shape.examples
    count = {name: _count(getattr(spec.data, f"{name}_size"), n) for name in ("val", "test")}
    rest = n - count["val"] - count["test"]
    errors = []
    for name, size in count.items():
        if size < max(1, shape.classes) or size > n - 2 * max(1, shape.classes):
            msg = say(
                "gives {size} of {n} examples; each split needs at least one a class ({least})", size=size, n=n, least=max(1, shape.classes)
            )
            errors.append(FieldError(loc=f"data.{name}_size", msg=msg, got=getattr(spec.data, f"{name}_size")))
    if not errors and rest < max(2, shape.classes):
        msg = say(
            "validation ({val}) and test ({test}) leave {rest} of {n} examples for training",
            val=count["val"],
            test=count["test"],
            rest=rest,
            n=n,
        )
        errors.append(FieldError(loc="data.val_size", msg=msg, got=spec.data.val_size))
    wanted = rest if spec.data.train_size is None else _count(spec.data.train_size, n)
    if not errors and spec.data.resample == "subsample" and wanted == rest:
        msg = say(
            "a subsample of all {rest} examples that validation and test leave is all of them; give a count below {rest}, or a bootstrap",
            rest=rest,
        )
        errors.append(FieldError(loc="data.train_size", msg=msg, got=spec.data.train_size))
    if not errors and not max(1, shape.classes) <= wanted <= rest:
        msg = say(
            "asks for {wanted} examples; {least} to {rest} are possible after validation and test",
            wanted=wanted,
            least=max(1, shape.classes),
            rest=rest,
        )
        errors.append(FieldError(loc="data.train_size", msg=msg, got=spec.data.train_size))
    if errors:
        raise PlanError(errors)
    return {"train": wanted, **count}


def _count(size: float, n: int) -> int:
    return size if isinstance(size, int) else round(size * n)
