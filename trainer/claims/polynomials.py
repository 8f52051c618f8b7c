"""Polynomials fitted many times to a noisy sine; E1 and E16 measure bias and variance on them."""

import numpy as np

from trainer.build import derived

NOISES, SIGMA = 200, 0.3
X = np.linspace(-1, 1, 30)
TRUTH = np.sin(2 * np.pi * X)


def design(degree: int) -> np.ndarray:
    """Legendre polynomials up to a degree, at every x: [30, degree + 1]."""
    return np.polynomial.legendre.legvander(X, degree)


def observed(seed: int) -> np.ndarray:
    """y for every resampled noise, [200, 30]."""
    return TRUTH + np.random.default_rng(derived(seed, "polynomials")).normal(0, SIGMA, (NOISES, len(X)))


def decomposed(fitted: np.ndarray) -> tuple[float, float]:
    """`(bias², variance)` of fits [200, 30], averaged over x. The bias² is corrected for the remaining variance of the mean fit."""
    variance = float(fitted.var(axis=0, ddof=1).mean())
    return float(((fitted.mean(axis=0) - TRUTH) ** 2).mean()) - variance / NOISES, variance


def resolved(bias2: float, variance: float) -> float:
    """A bias² that can be a divisor: one below the correction can't be distinguished from zero, and may be negative."""
    return max(bias2, variance / NOISES)
