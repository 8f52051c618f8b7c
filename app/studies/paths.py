"""A regularisation path: weights and errors along λ, the λ of best validation, and the fault at each end. Pure numpy.

The rule for the ends, from measured numbers: an end *overfits* (small λ) if its validation error is worse than the
best λ's and its training error better; it *underfits* (large λ) if both are worse. Worse means: over the seeds that both
have, the 95 % bootstrap interval of the paired difference lies above zero, and validation is worse by at least
MARGIN. Otherwise the end *fits*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Verdict = Literal["overfit", "underfit", "fits"]
RESAMPLES, SEED = 2000, 1996
#: The least excess of an end's validation error, as a share of the best one.
MARGIN = 0.05
#: The most weights of a path that are returned.
WEIGHTS = 512


@dataclass(frozen=True)
class Kept:
    """The results of one run at its end. `errors`: train, val and test, smaller is better; `weights`: of its first layer."""

    norm: float
    zeros: int
    of: int
    errors: Mapping[str, float]
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class Band:
    """A mean over seeds with its 95 % bootstrap interval; for one seed all three are its value."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Point:
    """All runs of one λ: means over seeds, medians of the weights."""

    strength: float
    n: int
    norm: float
    zeros: float
    nonzeros: float
    weights: np.ndarray | None
    errors: dict[str, Band]


@dataclass(frozen=True)
class End:
    """`evidence`: how much worse it is than the best λ, by set, paired by seed."""

    verdict: Verdict
    strength: float
    seeds: int
    evidence: dict[str, Band]


@dataclass(frozen=True)
class Path:
    points: list[Point]
    #: The λ of least mean validation error; None if no run has one.
    best: float | None
    low: End | None
    high: End | None


def band(values: Sequence[float]) -> Band:
    """The same values give the same interval."""
    given = np.asarray(values, np.float64)
    if len(given) < 2:
        return Band(float(given[0]), float(given[0]), float(given[0]))
    drawn = np.random.default_rng(SEED).integers(0, len(given), (RESAMPLES, len(given)))
    low, high = np.quantile(given[drawn].mean(axis=1), (0.025, 0.975))
    return Band(float(given.mean()), float(low), float(high))


def path(runs: Mapping[float, Mapping[int, Kept]], alike: bool) -> Path:
    """`runs`: λ → seed → results; `alike`: whether the weights of different seeds have the same meaning, so that a median
    is useful; otherwise the weights are those of the first seed."""
    points = [_point(strength, runs[strength], alike) for strength in sorted(runs) if runs[strength]]
    validated = [point for point in points if "val" in point.errors]
    if not validated:
        return Path(points, None, None, None)
    best = min(validated, key=lambda point: point.errors["val"].mean).strength
    low = _end(runs, points[0].strength, best, "overfit")
    high = _end(runs, points[-1].strength, best, "underfit")
    return Path(points, best, low, high)


def _point(strength: float, runs: Mapping[int, Kept], alike: bool) -> Point:
    kept = [runs[seed] for seed in sorted(runs)]
    held = [one.weights.ravel() for one in kept if one.weights is not None and 0 < one.weights.size <= WEIGHTS]
    weights = None
    if len(held) == len(kept):
        weights = np.median(held, axis=0) if alike else held[0].astype(np.float64)
    errors = {}
    for name in ("train", "val", "test"):
        values = [one.errors[name] for one in kept if np.isfinite(one.errors.get(name, np.nan))]
        if values:
            errors[name] = band(values)
    zeros, nonzeros = (float(np.mean([count(one) for one in kept])) for count in (lambda one: one.zeros, lambda one: one.of - one.zeros))
    return Point(strength, len(kept), float(np.mean([one.norm for one in kept])), zeros, nonzeros, weights, errors)


def _end(runs: Mapping[float, Mapping[int, Kept]], strength: float, best: float, wrong: Literal["overfit", "underfit"]) -> End | None:
    """None if no seed has run at both."""
    shared = sorted(runs[strength].keys() & runs[best].keys())
    here, there = ([runs[s][seed].errors for seed in shared] for s in (strength, best))
    whole = [i for i in range(len(shared)) if all(np.isfinite(e[i].get(name, np.nan)) for e in (here, there) for name in ("train", "val"))]
    if not whole:
        return None
    evidence = {name: band([here[i][name] - there[i][name] for i in whole]) for name in ("train", "val")}
    least = MARGIN * abs(float(np.mean([there[i]["val"] for i in whole])))
    worse = evidence["val"].low > 0 and evidence["val"].mean >= least
    train = evidence["train"]
    fits_less = train.high < 0 if wrong == "overfit" else train.low > 0
    return End(wrong if worse and fits_less else "fits", strength, len(whole), evidence)
