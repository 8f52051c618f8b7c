"""The notes' statements as experiments that judge themselves, one file for each. Adding a file with a `Claim` is the only edit.

*Status* says whether a statement is true; it is in `statements`. *Outcome* is the result of an experiment's run. Its
criterion was fixed before: bounds on numbers of each seed, which must all hold. With ten seeds, the outcome is `shown` if at
least nine pass, `contradicted` if at most one passes, else `inconclusive` (a sign test, p = 0.011). For an exact statement,
every seed must pass.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from trainer.claims.words import PREDICT, STORY

Words = dict[str, str]
Outcome = Literal["shown", "contradicted", "inconclusive"]
Verdict = Literal["supports", "refutes"]

#: Paired seeds of a full run; the figures in the texts use other seeds.
SEEDS = 10
#: Seeds of a quick run.
QUICK = 2


@dataclass(frozen=True)
class Bound:
    """A range for one number of each seed; `strict` excludes the bounds themselves."""

    name: str
    label: Words
    above: float | None = None
    below: float | None = None
    strict: bool = True

    def holds(self, value: float) -> bool:
        """NaN is outside every bound."""
        if self.strict:
            return (self.above is None or value > self.above) and (self.below is None or value < self.below) and value == value
        return (self.above is None or value >= self.above) and (self.below is None or value <= self.below) and value == value


@dataclass(frozen=True)
class Curve:
    """One line of a figure, for one arm; `right`: it belongs to the claim's second axis."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    right: bool = False


@dataclass(frozen=True)
class Axis:
    """A second axis on the right side of a figure."""

    label: Words
    log: bool = False


@dataclass(frozen=True)
class Found:
    """The results of one seed: the numbers that the bounds name, further numbers to show beside them, and curves for the figure."""

    values: dict[str, float]
    curves: list[Curve] = field(default_factory=list)


@dataclass(frozen=True)
class Ran:
    """A run that an experiment measures: the `latest` value and the points of each series, the events and the checkpoint."""

    id: str
    status: str
    latest: Mapping[str, float | None]
    series: Mapping[str, tuple[list[float], list[float | None]]]
    events: Sequence[Mapping[str, Any]]
    checkpoint: Path | None = None
    #: The metadata of the newest matrix of each name.
    matrices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def values(self, name: str) -> list[float]:
        """The values of a series; NaN for each value that was not finite."""
        return [float("nan") if value is None else float(value) for value in self.series[name][1]]

    def accuracy(self) -> float:
        """Accuracy of the kept state on the test set; 0 for a run that diverged."""
        value = self.latest.get("test/accuracy")
        return 0.0 if value is None else float(value)

    def mean_of_last(self, name: str, n: int) -> float:
        return float(np.mean(self.values(name)[-n:]))

    def last(self, name: str) -> float:
        """The newest value of a series; NaN if there is none."""
        value = self.series[name][1][-1] if self.series.get(name, ([], []))[1] else self.latest.get(name)
        return float("nan") if value is None else float(value)

    def weights(self) -> dict[str, np.ndarray]:
        """The run's last state, by name. Raises FileNotFoundError if no checkpoint was kept."""
        from safetensors.numpy import load_file

        if self.checkpoint is None:
            raise FileNotFoundError(f"run {self.id} left no checkpoint")
        held = load_file(self.checkpoint)
        return {name.removeprefix("model/"): value for name, value in held.items() if name.startswith("model/")}


class Claim:
    """One experiment. A subclass declares the class variables and `measure`; if it needs runs, also `specs`.

    The question to the reader and the description of the figure are in `words`.
    """

    id: ClassVar[str]
    label: ClassVar[Words]
    #: The criterion in words, with the same thresholds as `bounds`.
    criterion: ClassVar[Words]
    bounds: ClassVar[tuple[Bound, ...]]
    #: The numbered statements of the notes that a shown outcome supports or refutes.
    statements: ClassVar[dict[int, Verdict]]
    #: Whether every seed must pass.
    exact: ClassVar[bool] = False
    source: ClassVar[str]
    #: Axes of the figure.
    axes: ClassVar[tuple[Words, Words]]
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    #: The axis of the curves that have another unit.
    right_axis: ClassVar[Axis | None] = None
    #: Series of the runs that `measure` reads.
    reads: ClassVar[tuple[str, ...]] = ()

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        """Arm → changes to the RunSpec's defaults; empty if the experiment needs no runs."""
        return {}

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        raise NotImplementedError

    def passes(self, found: Found) -> bool:
        """Whether all bounds hold."""
        return all(bound.holds(found.values.get(bound.name, float("nan"))) for bound in self.bounds)

    def outcome(self, founds: Sequence[Found]) -> Outcome:
        """The outcome for any number of seeds: nine in ten, one in ten, or every seed if the statement is exact."""
        passed, n = sum(self.passes(found) for found in founds), len(founds)
        if self.exact:
            return "shown" if n and passed == n else "contradicted"
        if n and passed >= 0.9 * n:
            return "shown"
        return "contradicted" if passed <= 0.1 * n else "inconclusive"

    def describe(self) -> dict[str, Any]:
        """The claim as the API and the page use it."""
        return {
            "id": self.id,
            "label": self.label,
            "predict": PREDICT[self.id],
            "story": STORY[self.id],
            "criterion": self.criterion,
            "bounds": [{"name": b.name, "label": b.label, "above": b.above, "below": b.below, "strict": b.strict} for b in self.bounds],
            "statements": {str(number): how for number, how in self.statements.items()},
            "exact": self.exact,
            "source": self.source,
            "axes": list(self.axes),
            "log_axes": list(self.log_axes),
            "right_axis": None if self.right_axis is None else {"label": self.right_axis.label, "log": self.right_axis.log},
            "arms": list(self.specs(0)),
        }


def discover() -> dict[str, Claim]:
    """Every claim in this package by id, with E1 before E10."""
    found: dict[str, Claim] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("e"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Claim) and value.__module__ == module.__name__:
                found[value.id] = value()
    return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))


#: The experiments' digits data: 1000 examples to train, ten to validate, the rest to test.
def digits(seed: int, steps: int | None = None, **more: Any) -> dict[str, Any]:
    """An experiment's changes to the default spec, with digits data; `more` has nested dicts that replace whole groups."""
    stop: dict[str, Any] = {"max_epochs": None, "max_steps": steps, "early": None}
    data = {"name": "digits", "train_size": 1000, "val_size": 10, "test_size": 787}
    return {"seed": seed, "data": data, "stop": stop} | more
