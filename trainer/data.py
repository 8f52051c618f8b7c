"""From a whole data set to what a run trains on: split, standardised, with label noise. Seeds decide everything."""

import numpy as np
import torch
from sklearn.model_selection import train_test_split


def split(y: np.ndarray, classes: int, train: int, val: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the three splits, classes in equal shares; the test split depends on its size and the seed alone."""
    labels = y if classes else None
    rest, tested = train_test_split(np.arange(len(y)), test_size=test, stratify=labels, random_state=seed)
    trained, validated = train_test_split(rest, test_size=val, stratify=None if labels is None else labels[rest], random_state=seed)
    return trained[:train], validated, tested


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation by feature; a feature that never varies keeps its scale."""
    std = values.std(axis=0)
    return values.mean(axis=0), np.where(std > 1e-8, std, np.float32(1))


def with_noise(labels: torch.Tensor, classes: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`(labels, which were replaced)`: a share of them moved to another class, each other class as likely."""
    generator = torch.Generator().manual_seed(seed)
    corrupted = torch.zeros(len(labels), dtype=torch.bool)
    corrupted[torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]] = True
    shift = torch.randint(1, max(2, classes), labels.shape, generator=generator)
    return torch.where(corrupted, (labels + shift) % max(classes, 1), labels), corrupted
