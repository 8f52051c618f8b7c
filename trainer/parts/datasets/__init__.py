"""What is learnt from: `load(params, seed) -> Raw`, whole and unsplit; `trainer.build` splits, standardises and adds noise."""

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Shape:
    """What a plan needs to know without loading: examples, an input's shape, classes (0 for regression)."""

    examples: int
    inputs: tuple[int, ...]
    classes: int
    task: Literal["classification", "regression"] = "classification"


@dataclass(frozen=True)
class Raw:
    """`x`: float32[examples, *inputs]; `y`: int64[examples] class numbers."""

    x: np.ndarray
    y: np.ndarray
