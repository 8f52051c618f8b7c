"""The notes' statements as experiments that judge themselves: one file an experiment. Adding a file with a `Claim` is the only edit.

*Status* is what is true of a statement, and stands in `statements`. *Outcome* is what a run of an experiment showed, of a
criterion that was fixed before: a conjunction of bounds on numbers that each seed gives. Of ten seeds at least nine that pass
make it `shown`, at most one `contradicted`, anything between `inconclusive` (a sign test, p = 0.011); where a statement is
exact, every seed must pass.
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

#: Paired seeds of a full run; other ones than those of the figures in the texts.
SEEDS = 10
#: Seeds of a quick run.
QUICK = 2


@dataclass(frozen=True)
class Bound:
    """A number that a seed gives, and between which values it must lie; `strict` where it may not be the bound itself."""

    name: str
    label: Words
    above: float | None = None
    below: float | None = None
    strict: bool = True

    def holds(self, value: float) -> bool:
        """NaN holds no bound."""
        if self.strict:
            return (self.above is None or value > self.above) and (self.below is None or value < self.below) and value == value
        return (self.above is None or value >= self.above) and (self.below is None or value <= self.below) and value == value


@dataclass(frozen=True)
class Curve:
    """What the figure draws: one line of one arm; `right` where it belongs to the claim's second axis."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    right: bool = False


@dataclass(frozen=True)
class Axis:
    """A second axis of a figure, on its right."""

    label: Words
    log: bool = False


@dataclass(frozen=True)
class Found:
    """What one seed gave: the numbers that the bounds name (and more, to be shown beside them), and curves for the figure."""

    values: dict[str, float]
    curves: list[Curve] = field(default_factory=list)


@dataclass(frozen=True)
class Ran:
    """A run of the queue, for an experiment to measure: `latest` value by series, points by series, events, and its checkpoint."""

    id: str
    status: str
    latest: Mapping[str, float | None]
    series: Mapping[str, tuple[list[float], list[float | None]]]
    events: Sequence[Mapping[str, Any]]
    checkpoint: Path | None = None
    #: What the newest matrix of a name says of itself.
    matrices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def values(self, name: str) -> list[float]:
        """A series' values; NaN where one was not finite."""
        return [float("nan") if value is None else float(value) for value in self.series[name][1]]

    def accuracy(self) -> float:
        """On the test set, of the state that was kept; a run that diverged has learnt nothing: 0."""
        value = self.latest.get("test/accuracy")
        return 0.0 if value is None else float(value)

    def mean_of_last(self, name: str, n: int) -> float:
        return float(np.mean(self.values(name)[-n:]))

    def last(self, name: str) -> float:
        """The newest value of a series; NaN where there is none."""
        value = self.series[name][1][-1] if self.series.get(name, ([], []))[1] else self.latest.get(name)
        return float("nan") if value is None else float(value)

    def weights(self) -> dict[str, np.ndarray]:
        """The state that the run ended in, by name. Raises FileNotFoundError where no checkpoint was kept."""
        from safetensors.numpy import load_file

        if self.checkpoint is None:
            raise FileNotFoundError(f"run {self.id} left no checkpoint")
        held = load_file(self.checkpoint)
        return {name.removeprefix("model/"): value for name, value in held.items() if name.startswith("model/")}


class Claim:
    """One experiment. A subclass declares the class variables, and gives `measure`, and `specs` where it is made of runs.

    What the reader is asked beforehand, and what the figure shows, stands in `words`.
    """

    id: ClassVar[str]
    label: ClassVar[Words]
    #: The criterion in words, thresholds as in `bounds`.
    criterion: ClassVar[Words]
    bounds: ClassVar[tuple[Bound, ...]]
    #: Which numbered statements of the notes it bears on, and how when it is shown.
    statements: ClassVar[dict[int, Verdict]]
    #: Whether every seed must pass.
    exact: ClassVar[bool] = False
    source: ClassVar[str]
    #: Axes of the figure.
    axes: ClassVar[tuple[Words, Words]]
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    #: Of the curves that are in other units than the rest.
    right_axis: ClassVar[Axis | None] = None
    #: Series of runs that `measure` reads.
    reads: ClassVar[tuple[str, ...]] = ()

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        """Arm → what its RunSpec has beside the defaults; empty where the experiment computes on its own."""
        return {}

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        raise NotImplementedError

    def passes(self, found: Found) -> bool:
        """All bounds together."""
        return all(bound.holds(found.values.get(bound.name, float("nan"))) for bound in self.bounds)

    def outcome(self, founds: Sequence[Found]) -> Outcome:
        """Of however many seeds: nine in ten, one in ten, or every one."""
        passed, n = sum(self.passes(found) for found in founds), len(founds)
        if self.exact:
            return "shown" if n and passed == n else "contradicted"
        if n and passed >= 0.9 * n:
            return "shown"
        return "contradicted" if passed <= 0.1 * n else "inconclusive"

    def describe(self) -> dict[str, Any]:
        """For the API and the page."""
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
    """Every claim in this package, by id, E1 before E10."""
    found: dict[str, Claim] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("e"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Claim) and value.__module__ == module.__name__:
                found[value.id] = value()
    return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))


#: Digits as the experiments have them: 1000 to train, ten to validate, the rest to test.
def digits(seed: int, steps: int | None = None, **more: Any) -> dict[str, Any]:
    """A spec's changes for an experiment on digits; `more` are nested dicts that replace whole groups."""
    stop: dict[str, Any] = {"max_epochs": None, "max_steps": steps, "early": None}
    data = {"name": "digits", "train_size": 1000, "val_size": 10, "test_size": 787}
    return {"seed": seed, "data": data, "stop": stop} | more
