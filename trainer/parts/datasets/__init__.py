"""What is learnt from: `load(params, seed) -> (x, y)`, whole and unsplit; `trainer.build` splits, standardises and adds noise.

`x`: float32[examples, *inputs]; `y`: int64[examples] class numbers, or float32[examples] for a regression.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trainer.registry import Part
from trainer.spec import described

Raw = tuple[np.ndarray, np.ndarray]
Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Shape:
    """What a plan needs to know without loading: examples, an input's shape, classes (0 for a regression)."""

    examples: int
    inputs: tuple[int, ...]
    classes: int
    #: Rows and columns, where an input vector is a picture.
    image: tuple[int, int] | None = None

    @property
    def task(self) -> Task:
        return "classification" if self.classes else "regression"

    @property
    def outputs(self) -> int:
        return max(self.classes, 1)


class Dataset(Part):
    def shape(self, params: Any) -> Shape:
        raise NotImplementedError

    def load(self, params: Any, seed: int) -> Raw:
        """The same seed gives the same examples."""
        raise NotImplementedError


def count_field(default: int):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Points", "점의 수"),
        help=("In all splits together.", "모든 분할을 합한 수."),
        ge=20,
        le=100_000,
        scale="log",
        span=(50, 5000),
    )


def noise_field(default: float, ko: str = "좌표에 더하는 표준편차.", en: str = "Deviation added to each coordinate."):  # type: ignore[no-untyped-def]
    return described(default, label=("Noise", "잡음"), help=(en, ko), ge=0, le=5, span=(0, 1))
