"""Each rule from numbers alone: it finds what is wrong, and nothing in a healthy network."""

from itertools import count
from typing import Any

import numpy as np
import pytest

from dynascope.diagnoses import Diagnosing, Readings, discover
from dynascope.messages import Event, Layer
from dynascope.sinks.memory import Memory

LAYERS = [
    Layer(name, "Linear", 10, None, activation, 8) for name, activation in (("a", "Tanh"), ("b", "Tanh"), ("c", "Tanh"), ("out", None))
]
HEALTHY = {
    "activation/std": [0.6, 0.5, 0.5, 2.0],
    "activation/saturated": [0.1, 0.1, 0.1, np.nan],
    "activation/dead": [0.0, 0.0, 0.0, np.nan],
    "gradient/norm": [0.5, 0.4, 0.5, 0.6],
    "weight/norm": [8.0, 8.0, 8.0, 4.0],
    "weight/mean": [0.0, 0.0, 0.0, 0.0],
    "weight/std": [0.1, 0.1, 0.1, 0.1],
    "update/log10_ratio": [-3.0, -3.0, -3.0, -3.0],
    "weight/zeros": [0.0, 0.0, 0.0, 0.0],
    "weight/distinct_rows": [8.0, 8.0, 8.0, 8.0],
}
FINE: dict[str, Any] = {"scalars": {"train/loss": 0.3, "grad/norm": 1.0}, "train_loss": 0.3, "since_best": [(100.0, 0.4)]}
SICK: dict[str, dict[str, Any]] = {
    "diverged": {"scalars": {"train/loss": float("nan")}},
    "weights_zero": {
        "table": {"weight/zeros": [0.0, 1.0, 0.2, 0.0], "weight/std": [0.1, 0.0, 0.1, 0.1]},
        "settings": {"penalty.l1": 0.1},
    },
    "symmetry": {"table": {"weight/distinct_rows": [1.0, 8.0, 8.0, 8.0]}},
    "exploding": {
        "table": {"gradient/norm": [900.0, 300.0, 100.0, 1.0], "update/log10_ratio": [1.0, 0.5, 0.1, -2.0]},
        "scalars": {"train/loss": 2.0, "grad/norm": 950.0},
    },
    "vanishing": {"table": {"activation/std": [0.5, 0.05, 1e-4, 0.1]}},
    "saturated": {"table": {"activation/saturated": [0.2, 0.8, 0.1, np.nan]}},
    "dead": {"table": {"activation/dead": [0.0, 0.6, 0.0, np.nan]}},
    "overfitting": {"since_best": [(100.0, 0.4), *((100.0 + 10 * i, 0.6) for i in range(1, 6))]},
}


def readings(**changes: Any) -> Readings:
    table = {name: np.array(values) for name, values in (HEALTHY | changes.pop("table", {})).items()}
    settings = {"optimizer.params.lr": 0.1, "penalty.l1": 0.0, "penalty.l2": 0.0} | changes.pop("settings", {})
    first = {name: np.array(values) for name, values in HEALTHY.items()}
    return Readings(step=500.0, layers=LAYERS, table=table, first=first, settings=settings, **(FINE | changes))


def found(now: Readings) -> dict[str, Any]:
    return {rule.name: finding for rule in discover() if (finding := rule.check(now)) is not None}


def test_a_healthy_network_has_no_finding() -> None:
    assert found(readings()) == {}


@pytest.mark.parametrize("name", SICK)
def test_a_rule_finds_its_own_and_nothing_else(name: str) -> None:
    assert list(found(readings(**SICK[name]))) == [name]


@pytest.mark.parametrize("rule", discover(), ids=lambda rule: rule.name)
def test_a_rule_speaks_both_languages_from_its_evidence_and_says_what_would_mend(rule: Any) -> None:
    assert rule.name in SICK
    finding = rule.check(readings(**SICK[rule.name]))
    for language in ("en", "ko"):
        assert rule.label[language]
        assert rule.sentence[language].format(**finding.evidence)
    assert finding.mend
    assert rule.source.startswith("https://")


def test_a_network_that_learns_with_a_third_of_a_layer_dead_has_no_finding() -> None:
    assert found(readings(table={"activation/dead": [0.0, 0.47, 0.3, np.nan]})) == {}


def test_a_finding_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    sink = Memory()
    watching = Diagnosing(sink, {"optimizer.params.lr": 0.1}, clock=count(step=1.0).__next__)  # a second goes by at every look
    watching.started(LAYERS, True)
    for i, loss in enumerate([0.5, *[0.9] * 12, *[0.4] * 12]):
        watching.scalars(10.0 * i, {"train/loss": 0.1})
        watching.scalars(10.0 * i, {"val/loss": loss})
    watching.ended("finished", "", 250.0)
    events = [m.data for m in sink.messages() if isinstance(m, Event)]
    assert [(e["rule"], e["on"]) for e in events] == [("overfitting", True), ("overfitting", False)]
    assert events[0]["evidence"]["best"] == 0.5
    assert events[0]["mend"] == {"penalty.l2": 0.01}


def test_a_finding_that_grows_is_told_anew_ever_more_rarely() -> None:
    sink, now = Memory(), [0.0]
    watching = Diagnosing(sink, {"optimizer.params.lr": 0.1}, clock=lambda: now[0])
    watching.started(LAYERS, True)
    for i in range(4000):  # an hour, an evaluation each second
        now[0] += 1.0
        watching.scalars(i, {"train/loss": 0.1})
        watching.scalars(i, {"val/loss": 0.5 if i == 0 else 0.9 * 1.01**i if i < 3000 else 0.9 * 1.01**3000})
    events = [m for m in sink.messages() if isinstance(m, Event)]
    assert all(event.data["on"] for event in events)
    assert "since" not in events[0].data
    assert {event.data["since"] for event in events[1:]} == {events[0].step}
    assert 30 < len(events) < 100
    told = [event.data["evidence"]["now"] for event in events]
    assert told == sorted(told)
    assert told[-1] > 0.79 * 0.9 * 1.01**3000
