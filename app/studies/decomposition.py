"""Bias and variance of the predictions of M runs, on M training sets, for the same test examples. Pure numpy.

Three decompositions, each exact: the terms add up to the error (docs/decomposition.md has the formulas).
- squared error: E_D (f_D − y)² = bias² + variance + noise (Geman, Bienenstock & Doursat 1992);
- cross-entropy: E_D CE(y, π_D) = CE(y, π̄) + E_D KL(π̄ ‖ π_D), π̄ the normalised geometric mean (Heskes 1998; Yang et al. 2020);
- 0-1 loss: E_D 1[ŷ_D ≠ y] = bias + net variance, about the most frequent prediction (Domingos 2000).

The bias that a small M produces from variance alone is removed: exactly for squared error, to the order
of 1/M² for cross-entropy (the jackknife), not for 0-1. A bias may be slightly negative.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["squared", "cross_entropy", "zero_one"]
#: Resamples of the runs, and the most examples × outputs × resamples.
RESAMPLES, WORK = 1000, 3e7
#: The fewest resamples if there are many examples.
FEWEST = 200
SEED = 1992


Words = dict[str, str]
#: The name, the terms and the source of each decomposition.
ABOUT: dict[Kind, dict[str, Any]] = {
    "squared": {
        "label": {"en": "Squared error", "ko": "제곱 오차"},
        "text": {
            "en": "The mean over training sets of (f_D − y)² is bias² + variance + noise. Where the data set knows its noiseless function, bias is measured against it and the noise is known; otherwise the noise is part of the bias.",
            "ko": "훈련 데이터에 대한 (f_D − y)²의 평균은 편향² + 분산 + 노이즈입니다. 노이즈 없는 함수를 아는 데이터에서는 편향을 그 함수와 견주어 재고 노이즈도 압니다. 모르면 노이즈는 편향에 들어 있습니다.",
        },
        "terms": {"bias2": {"en": "bias²", "ko": "편향²"}, "variance": {"en": "variance", "ko": "분산"}},
        "source": "https://doi.org/10.1162/neco.1992.4.1.1",
        "by": "Geman, Bienenstock & Doursat 1992",
    },
    "cross_entropy": {
        "label": {"en": "Cross-entropy", "ko": "교차 엔트로피"},
        "text": {
            "en": "The mean cross-entropy is that of the average prediction (the normalised geometric mean of the probabilities) plus the mean KL divergence from it. In nats. The noise is part of the bias.",
            "ko": "교차 엔트로피의 평균은 평균 예측(확률의 기하 평균을 정규화한 것)의 교차 엔트로피에, 그 예측에서 잰 KL 발산의 평균을 더한 것입니다. 단위는 내트이며 노이즈는 편향에 들어 있습니다.",
        },
        "terms": {"bias2": {"en": "bias", "ko": "편향"}, "variance": {"en": "variance", "ko": "분산"}},
        "source": "https://doi.org/10.1162/089976698300017232",
        "by": "Heskes 1998; Yang et al. 2020",
    },
    "zero_one": {
        "label": {"en": "0-1 loss", "ko": "0-1 손실"},
        "text": {
            "en": "Bias is how often the most frequent prediction is wrong. Variance is how often a run leaves a right one, less how often it leaves a wrong one for the right class: the net may be negative. The noise is part of the bias.",
            "ko": "편향은 가장 잦은 예측이 틀린 비율입니다. 분산은 옳은 예측을 벗어난 비율에서, 틀린 예측을 벗어나 맞힌 비율을 뺀 것이라 음수일 수 있습니다. 노이즈는 편향에 들어 있습니다.",
        },
        "terms": {"bias2": {"en": "bias", "ko": "편향"}, "variance": {"en": "net variance", "ko": "순분산"}},
        "source": "https://homes.cs.washington.edu/~pedrod/papers/mlc00a.pdf",
        "by": "Domingos 2000",
    },
}


@dataclass(frozen=True)
class Targets:
    """`y`: float64[n], values or class numbers; `f`: float64[n], the noiseless function, None if it is not known; `noise`: the
    variance of y about it."""

    y: np.ndarray
    f: np.ndarray | None = None
    noise: float | None = None


@dataclass(frozen=True)
class Terms:
    """Means over the test examples. `noise`: None if it is not known; the bias then contains it. `measured`: the error on the
    given test set; for known noise it differs from `error` because of the noise in the test set."""

    bias2: float
    variance: float
    noise: float | None
    error: float
    measured: float
    #: 0-1 only: variance where the most frequent prediction is right, and the gain where it is wrong.
    parts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Decomposition:
    """`low`, `high`: 95 % bootstrap intervals over runs, by term."""

    runs: int
    terms: Terms
    low: dict[str, float]
    high: dict[str, float]


def kinds(outputs: str) -> tuple[Kind, ...]:
    """The decompositions for `values`, `probabilities` or `scores`; the first is the one of the loss."""
    every: dict[str, tuple[Kind, ...]] = {
        "values": ("squared",),
        "probabilities": ("cross_entropy", "zero_one"),
        "scores": ("squared", "zero_one"),
    }
    return every[outputs]


def decompose(kind: Kind, predictions: np.ndarray, test: Targets) -> Decomposition | None:
    """`predictions`: float[M, n, outputs] of M runs, one column for values. None for fewer than two runs: they have no variance."""
    p = predictions.astype(np.float64)
    if len(p) < 2:
        return None
    terms, replicates = {"squared": _squared, "cross_entropy": _cross_entropy, "zero_one": _zero_one}[kind](p, test)
    low, high = {}, {}
    for name, values in replicates.items():
        estimate = getattr(terms, name)
        # A resample of M runs repeats some of them, which lowers variance and raises bias: the shift of the mean is removed.
        shifted = values - values.mean() + estimate
        low[name], high[name] = (float(q) for q in np.quantile(shifted, (0.025, 0.975)))
    return Decomposition(len(p), terms, low, high)


Decomposed = tuple[Terms, dict[str, np.ndarray]]


def _squared(p: np.ndarray, test: Targets) -> Decomposed:
    m, n, outputs = p.shape
    y = np.eye(outputs)[test.y.astype(int)] if outputs > 1 else test.y[:, None]
    target, noise = (test.f[:, None], test.noise) if test.f is not None and outputs == 1 else (y, None)

    def of(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`(bias², variance)` of resamples of the runs; weights [B, M] are shares."""
        flat = (p - target).reshape(m, -1)
        mean, square = weights @ flat, weights @ flat**2
        variance = (square - mean**2).sum(axis=1) / n * m / (m - 1)
        return (mean**2).sum(axis=1) / n - variance / m, variance

    bias2, variance = (float(v[0]) for v in of(np.full((1, m), 1 / m)))
    measured = float(((p - y) ** 2).sum(axis=2).mean())
    known = noise or 0.0
    b, v = _each(of, m, n * outputs)
    return Terms(bias2, variance, noise, bias2 + variance + known, measured), {"bias2": b, "variance": v, "error": b + v + known}


def _cross_entropy(p: np.ndarray, test: Targets) -> Decomposed:
    m, n, outputs = p.shape
    logs = np.log(p).reshape(m, -1)
    error_of = -np.log(p[:, np.arange(n), test.y.astype(int)]).mean(axis=1)

    def variance_of(mean: np.ndarray) -> np.ndarray:
        """E_D KL(π̄ ‖ π_D) = −log Σ_k exp(E_D log π_D), from mean logarithms [B, n · outputs]."""
        return np.asarray(-_log_sum_exp(mean.reshape(len(mean), n, outputs)).mean(axis=1))

    whole = float(variance_of(logs.mean(axis=0)[None])[0])
    without = np.concatenate([variance_of(((logs.sum(axis=0) - one) / (m - 1))[None]) for one in logs])
    variance = m * whole - (m - 1) * float(without.mean())
    error = float(error_of.mean())

    def of(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        varied = variance_of(weights @ logs)
        return weights @ error_of - varied, varied

    b, v = _each(of, m, n * outputs)
    return Terms(error - variance, variance, None, error, error), {"bias2": b, "variance": v, "error": b + v}


def _zero_one(p: np.ndarray, test: Targets) -> Decomposed:
    m, n, outputs = p.shape
    said, y = p.argmax(axis=2), test.y.astype(int)
    votes = np.eye(outputs)[said].reshape(m, -1)

    def of(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        b, unbiased, biased = _main(weights, votes, y, outputs)
        return b, unbiased - biased

    even = np.full((1, m), 1 / m)
    bias, unbiased, biased = (float(v[0]) for v in _main(even, votes, y, outputs))
    error = float((said != y).mean())
    b, v = _each(of, m, n * outputs)
    parts = {"unbiased": unbiased, "biased": biased}
    return Terms(bias, unbiased - biased, None, error, error, parts), {"bias2": b, "variance": v, "error": b + v}


def _main(weights: np.ndarray, votes: np.ndarray, y: np.ndarray, outputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`(bias, variance where unbiased, share that is right where biased)` for the most frequent prediction; in a tie the first class."""
    shares = (weights @ votes).reshape(len(weights), len(y), outputs)
    main = np.round(shares, 9).argmax(axis=2)
    right = np.take_along_axis(shares, np.broadcast_to(y[None, :, None], (len(weights), len(y), 1)), axis=2)[:, :, 0]
    biased = main != y
    return biased.mean(axis=1), ((1 - right) * ~biased).mean(axis=1), (right * biased).mean(axis=1)


def _each(of: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], m: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """`of` for resamples of the runs, a few at a time; the same number of runs gives the same resamples."""
    count = int(np.clip(WORK / cells, FEWEST, RESAMPLES))
    shares = np.random.default_rng(SEED).multinomial(m, np.full(m, 1 / m), size=count) / m
    together = max(1, int(4e6 / cells))
    found = [of(shares[at : at + together]) for at in range(0, count, together)]
    first, second = zip(*found, strict=True)
    return np.concatenate(first), np.concatenate(second)


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    most = values.max(axis=-1)
    return np.asarray(most + np.log(np.exp(values - most[..., None]).sum(axis=-1)))
