"""Polynomials of a noisy sine, fitted many times over: what the bias and variance of E1 and E16 are measured on."""

import numpy as np

from trainer.build import derived

NOISES, SIGMA = 200, 0.3
X = np.linspace(-1, 1, 30)
TRUTH = np.sin(2 * np.pi * X)


def design(degree: int) -> np.ndarray:
    """Legendre polynomials up to a degree at every x, [30, degree + 1]."""
    return np.polynomial.legendre.legvander(X, degree)


def observed(seed: int) -> np.ndarray:
    """y of every resampled noise, [200, 30]."""
    return TRUTH + np.random.default_rng(derived(seed, "polynomials")).normal(0, SIGMA, (NOISES, len(X)))


def decomposed(fitted: np.ndarray) -> tuple[float, float]:
    """`(bias², variance)` of fits [200, 30], averaged over x. What the mean of so many fits still varies by is no bias."""
    variance = float(fitted.var(axis=0, ddof=1).mean())
    return float(((fitted.mean(axis=0) - TRUTH) ** 2).mean()) - variance / NOISES, variance


def resolved(bias2: float, variance: float) -> float:
    """A bias² to divide by: a smaller one than the correction can't be told from none, and may come out negative."""
    return max(bias2, variance / NOISES)
