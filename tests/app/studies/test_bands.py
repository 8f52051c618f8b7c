"""The statistics over seeds against a naive twin in plain float64."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.studies import bands

VALUES = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
TABLES = st.integers(1, 6).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=1, max_size=12))


def quantile(ordered: list[float], share: float) -> float:
    """Linear between the two that are nearest, as textbooks have it (Hyndman & Fan's 7)."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def naive(values: list[float]) -> dict[str, float]:
    held = sorted(v for v in values if math.isfinite(v))
    n = len(held)
    if not n:
        return {"n": 0, **dict.fromkeys(bands.COLUMNS, math.nan)}
    drawn = np.random.default_rng([bands.SEED, n]).integers(0, n, (bands.RESAMPLES, n)).tolist()
    means = sorted(math.fsum(held[i] for i in row) / n for row in drawn)
    low, high = (quantile(means, share) if n > 1 else math.nan for share in bands.LEVEL)
    middle = {"mean": math.fsum(held) / n, "median": statistics.median(held)}
    return {"n": n, **middle, "low": low, "high": high, "q10": quantile(held, 0.1), "q90": quantile(held, 0.9)}


@given(TABLES)
def test_every_column_is_that_of_a_naive_twin(rows: list[list[float]]) -> None:
    table = np.array(rows).T  # float64[seeds, points]
    told = bands.summary(table)
    for i in range(table.shape[1]):
        twin = naive(table[:, i].tolist())
        scale = max([abs(v) for v in table[:, i].tolist() if math.isfinite(v)], default=0.0)
        for name, value in twin.items():
            assert told[name][i] == pytest.approx(value, rel=1e-9, abs=1e-9 * scale + 1e-300, nan_ok=True), name


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_seeds_changes_nothing(values: list[float], random) -> None:  # type: ignore[no-untyped-def]
    mixed = list(values)
    random.shuffle(mixed)
    first, again = bands.of_table({"x": values})["x"], bands.of_table({"x": mixed})["x"]
    assert {k: v for k, v in first.items() if k != "values"} == {k: v for k, v in again.items() if k != "values"}


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12), st.floats(-100, 100), st.floats(0.1, 10))
def test_shifting_and_scaling_the_values_shifts_and_scales_the_interval(values: list[float], shift: float, scale: float) -> None:
    told = bands.of_table({"x": values, "y": [v * scale + shift for v in values]})
    for name in bands.COLUMNS:
        assert told["y"][name] == pytest.approx(told["x"][name] * scale + shift, abs=1e-6)


def test_the_interval_holds_the_mean_of_normal_values_about_as_often_as_it_says() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, (40, 1000))
    told = bands.summary(values)
    held = np.mean((told["low"] <= 3.0) & (told["high"] >= 3.0))
    assert 0.92 < held < 0.965  # the percentile bootstrap is a little narrow: 94 % of 40


def test_one_value_has_no_interval_and_none_has_nothing() -> None:
    told = bands.of_table({"x": [2.0, None], "y": [None, math.inf]})
    assert told["x"] == {"n": 1, "mean": 2.0, "median": 2.0, "low": None, "high": None, "q10": 2.0, "q90": 2.0, "values": [2.0, None]}
    assert (told["y"]["n"], told["y"]["mean"], told["y"]["q90"]) == (0, None, None)
    assert bands.of_table({}) == {}
