"""Makes a run's data from a whole data set: split, standardisation and label noise. Seeds decide everything."""

import numpy as np
import torch
from sklearn.model_selection import train_test_split

from dynascope.sentence import say


def split(y: np.ndarray, classes: int, train: int, val: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the three splits, with equal shares of classes; the test split depends only on its size and the seed."""
    rest, tested = _parted(np.arange(len(y)), y, classes, test, seed)
    trained, validated = _parted(rest, y, classes, val, seed)
    return trained[:train], validated, tested


def drawn(pool: int, size: int, how: str, seed: int) -> np.ndarray:
    """Positions in a pool of training examples for a run's own training set: a bootstrap draws with replacement (Efron 1979), a
    subsample without. Both ignore classes, so the number of examples of each class is random.
    """
    rng = np.random.default_rng(seed)
    return rng.integers(0, pool, size) if how == "bootstrap" else rng.permutation(pool)[:size]


def _parted(indices: np.ndarray, y: np.ndarray, classes: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Splits the indices in two. Raises ValueError for a class that can't be in both parts."""
    counts = np.bincount(y[indices], minlength=classes) if classes else np.array([2])
    rare = [str(c) for c in np.flatnonzero(counts == 1)]
    if rare:
        raise ValueError(
            say("class {list} has too few examples to be in every split: give it at least 3, or leave it out", list=", ".join(rare))
        )
    first, second = train_test_split(indices, test_size=size, stratify=y[indices] if classes else None, random_state=seed)
    return first, second


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation by feature, float32, without NaN, which is padding. A constant feature keeps its scale."""
    parts = [values[i : i + 4096] for i in range(0, len(values), 4096)]  # in float64, 4096 examples at a time
    count = np.maximum(sum((~np.isnan(part)).sum(axis=0) for part in parts), 1)
    mean = sum(np.nansum(part, axis=0, dtype=np.float64) for part in parts) / count
    std = np.sqrt(sum(np.nansum((part - mean) ** 2, axis=0) for part in parts) / count)
    varies = std > 1e-7 * np.sqrt(mean**2 + std**2)
    return np.asarray(mean, np.float32), np.where(varies, std, 1).astype(np.float32)


def with_noise(labels: torch.Tensor, classes: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`(labels, mask of replaced labels)`: a share of labels moves to another class; all other classes are equally likely."""
    generator = torch.Generator().manual_seed(seed)
    corrupted = torch.zeros(len(labels), dtype=torch.bool)
    corrupted[torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]] = True
    shift = torch.randint(1, max(2, classes), labels.shape, generator=generator)
    return torch.where(corrupted, (labels + shift) % max(classes, 1), labels), corrupted
