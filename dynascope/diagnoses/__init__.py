"""Diagnoses of a run from its measured numbers alone: one file per rule. To add a rule, add a file with a `Rule` in it.

A rule gives evidence in numbers and, if one is known, a change of the spec as a remedy. `Diagnosing` wraps a sink and sends
findings as events of kind `diagnosis`: one when a finding begins, one when it ends, and between them, with `since`, an
event from time to time if its numbers have changed.
"""

import importlib
import math
import pkgutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from dynascope.messages import Layer
from dynascope.sinks.base import Sink

#: Seconds between two rounds of all rules; a round takes about 50 µs.
INTERVAL = 0.05
#: A finding ends after this many consecutive rounds without it.
CLEAR = 10
#: A continuing finding is reported again if one of its numbers has changed by the fraction OTHER, after at least AGAIN seconds.
#: Each further wait is 1.5 times as long, up to RARELY seconds: a few hours give about a hundred events.
OTHER, AGAIN, RARELY = 0.2, 2.0, 60.0


@dataclass(frozen=True)
class Finding:
    """`evidence` fills the rule's sentence; `mend` is a change of the spec by dotted path, empty if none is known."""

    evidence: dict[str, float | str]
    mend: dict[str, Any] = field(default_factory=dict)
    layer: str | None = None


@dataclass
class Readings:
    """The input of the rules: the newest value of every quantity, and the validation losses since the best."""

    step: float = 0.0
    layers: list[Layer] = field(default_factory=list)
    scalars: dict[str, float] = field(default_factory=dict)
    #: Quantity → float64[layers], in the order of `layers`.
    table: dict[str, np.ndarray] = field(default_factory=dict)
    #: The first measured values of each quantity, in the same form.
    first: dict[str, np.ndarray] = field(default_factory=dict)
    #: The settings of the run that remedies are computed from, by dotted path.
    settings: dict[str, Any] = field(default_factory=dict)
    #: (step, validation loss) of every evaluation since the best, the best first.
    since_best: list[tuple[float, float]] = field(default_factory=list)
    #: Debiased exponential mean of the training loss over about 50 steps.
    train_loss: float = math.nan

    def hidden(self, quantity: str) -> np.ndarray:
        """The quantity of every layer but the last; NaN if it is not measured."""
        values = self.table.get(quantity)
        return np.full(max(0, len(self.layers) - 1), np.nan) if values is None else values[:-1]


class Rule:
    """`label` and `sentence` are in English and Korean; a sentence has the evidence in braces. Low `severity` is reported first."""

    name: ClassVar[str]
    severity: ClassVar[int]
    label: ClassVar[dict[str, str]]
    sentence: ClassVar[dict[str, str]]
    source: ClassVar[str]

    def check(self, now: Readings) -> Finding | None:
        raise NotImplementedError


def discover() -> list[Rule]:
    """Every rule in this package, the most severe first."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [v() for v in vars(module).values() if isinstance(v, type) and issubclass(v, Rule) and v.__module__ == module.__name__]
    return sorted(found, key=lambda rule: rule.severity)


def describe() -> list[dict[str, Any]]:
    """The rules, for the catalogue."""
    return [{"name": r.name, "severity": r.severity, "label": r.label, "sentence": r.sentence, "source": r.source} for r in discover()]


@dataclass
class _On:
    """A continuing finding: its first step, its last report, the earliest time of the next report, and rounds without it."""

    since: float
    told: Finding
    due: float
    wait: float = AGAIN
    missed: int = 0


class Diagnosing:
    """A sink that passes everything on to another sink and applies the rules to it."""

    def __init__(self, sink: Sink, settings: Mapping[str, Any] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink, self._clock = sink, clock
        self._rules = discover()
        self._now = Readings(settings=dict(settings or {}))
        self._on: dict[str, _On] = {}
        self._mass = 0.0
        self._due = 0.0

    def note(self, settings: Mapping[str, Any]) -> None:
        """Record changed settings."""
        self._now.settings.update(settings)

    def started(self, layers: Sequence[Layer], preloaded: bool) -> None:
        self._now.layers = list(layers)
        self._sink.started(layers, preloaded)

    def scalars(self, step: float, values: Mapping[str, float]) -> None:
        self._sink.scalars(step, values)
        self._now.step = step
        self._now.scalars.update(values)
        loss = values.get("train/loss")
        if loss is not None:
            self._average(loss)
            if not math.isfinite(loss):
                self._round(step)
        if "val/loss" in values:
            self._evaluated(step, values["val/loss"])
            if self._clock() >= self._due:
                self._round(step)

    def layer_stats(self, step: float, layers: Sequence[str], quantities: Sequence[str], values: np.ndarray, applies: np.ndarray) -> None:
        self._sink.layer_stats(step, layers, quantities, values, applies)
        columns = dict(zip(quantities, values.T, strict=True))
        self._now.table.update(columns)
        self._now.first = columns | self._now.first
        if self._clock() >= self._due:
            self._round(step)

    def histograms(self, step: float, kind: str, layers: Sequence[str], counts: np.ndarray) -> None:
        self._sink.histograms(step, kind, layers, counts)

    def matrix(self, step: float, name: str, values: np.ndarray, meta: Mapping[str, Any]) -> None:
        self._sink.matrix(step, name, values, meta)

    def event(self, step: float, kind: str, data: Mapping[str, Any] | None = None) -> None:
        self._sink.event(step, kind, data)

    def ended(self, status: str, reason: str, step: float) -> None:
        self._round(step)
        self._sink.ended(status, reason, step)

    def close(self) -> None:
        self._sink.close()

    def _average(self, loss: float) -> None:
        before = 0.0 if math.isnan(self._now.train_loss) else self._now.train_loss * self._mass
        self._mass = 0.98 * self._mass + 0.02
        if math.isfinite(loss):
            self._now.train_loss = (0.98 * before + 0.02 * loss) / self._mass

    def _evaluated(self, step: float, loss: float) -> None:
        history = self._now.since_best
        if not history or loss <= history[0][1]:
            history.clear()
        history.append((step, loss))
        if len(history) > 1000:
            del history[1::2]

    def _round(self, step: float) -> None:
        for rule in self._rules:
            finding = rule.check(self._now)
            on = self._on.get(rule.name)
            if finding is not None and on is None:
                self._on[rule.name] = _On(step, finding, self._clock() + AGAIN)
                self._tell(rule, finding, step, {})
            elif finding is not None and on is not None:
                on.missed = 0
                if self._clock() >= on.due and _differ(on.told.evidence, finding.evidence):
                    on.wait = min(1.5 * on.wait, RARELY)
                    on.told, on.due = finding, self._clock() + on.wait
                    self._tell(rule, finding, step, {"since": on.since})
            elif on is not None:
                on.missed += 1
                if on.missed >= CLEAR:
                    del self._on[rule.name]
                    self._sink.event(step, "diagnosis", {"rule": rule.name, "on": False})
        self._due = self._clock() + INTERVAL

    def _tell(self, rule: Rule, finding: Finding, step: float, more: dict[str, Any]) -> None:
        told = {"rule": rule.name, "on": True, "severity": rule.severity, "evidence": finding.evidence}
        self._sink.event(step, "diagnosis", told | {"mend": finding.mend, "layer": finding.layer} | more)


def _differ(before: Mapping[str, float | str], now: Mapping[str, float | str]) -> bool:
    """Whether the evidence has changed: another text, or a number that differs by more than OTHER times the larger one."""
    pairs = [(before.get(name), value) for name, value in now.items()]
    return any(
        abs(a - b) > OTHER * max(abs(a), abs(b)) if isinstance(a, (int, float)) and isinstance(b, (int, float)) else a != b
        for a, b in pairs
    )
