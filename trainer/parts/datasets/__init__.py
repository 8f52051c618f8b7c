"""The data sets: `load(params, seed) -> (x, y)`, whole and unsplit; `trainer.build` splits, standardises and adds noise.

`x`: float32[examples, ...], in the shape of one of `Shape.views`; `y`: int64[examples] class numbers, or float32[examples] for
a regression.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from trainer.registry import Part
from trainer.spec import Strict, described

Raw = tuple[np.ndarray, np.ndarray]
Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Shape:
    """The properties of a data set that a plan needs before loading.

    `views`: how an example can be read, layout → shape: "vector" (features), "sequence" (positions, features), "image"
    (channels, rows, columns), "volume" (channels, depth, rows, columns). All views have the same values in the same order.
    """

    examples: int
    views: Mapping[str, tuple[int, ...]]
    #: 0 for a regression.
    classes: int
    #: Sequences of several lengths: after the end of a sequence, every feature is NaN.
    padded: bool = False
    #: The view that a model has chosen; the default is the first.
    layout: str = ""

    @property
    def inputs(self) -> tuple[int, ...]:
        return self.views[self.layout or next(iter(self.views))]

    @property
    def image(self) -> tuple[int, int] | None:
        """Rows and columns, if an example can be drawn as a picture."""
        return self.views["image"][1:] if self.views.get("image", (0,))[0] == 1 else None  # type: ignore[return-value]

    @property
    def task(self) -> Task:
        return "classification" if self.classes else "regression"

    @property
    def outputs(self) -> int:
        return max(self.classes, 1)


def vectors(features: int) -> dict[str, tuple[int, ...]]:
    return {"vector": (features,)}


def pictures(rows: int, columns: int, channels: int = 1) -> dict[str, tuple[int, ...]]:
    """The views of an image: also a vector, and, if it has one channel, a sequence of rows."""
    views: dict[str, tuple[int, ...]] = {"vector": (channels * rows * columns,), "image": (channels, rows, columns)}
    return views | ({"sequence": (rows, columns)} if channels == 1 else {})


class Truth(NamedTuple):
    """The noiseless targets of a regression, `f`: float64[examples], and the constant variance of the normal noise."""

    f: np.ndarray
    noise: float


class Dataset(Part):
    #: Whether other examples can be drawn from the same source, independent of those of `load`.
    generated: ClassVar[bool] = False

    @property
    def works_with(self) -> dict[str, Any]:  # type: ignore[override]
        """Derived from the shape with the default parameters; a part whose shape depends on a file declares it."""
        shape = self.shape(self.Params())
        return {"layouts": list(shape.views), "task": shape.task}

    def shape(self, params: Any) -> Shape:
        raise NotImplementedError

    def load(self, params: Any, seed: int) -> Raw:
        """The same seed gives the same examples."""
        raise NotImplementedError

    def fresh(self, params: Any, seed: int, own: int) -> Raw:
        """The same number of other examples from the source of `load(params, seed)`, drawn with the seed `own`, if it is `generated`.

        A source that draws values of its own (weights, centres) keeps these values.
        """
        return self.load(params, own)

    def truth(self, params: Any, seed: int, x: np.ndarray) -> Truth | None:
        """The noiseless function of `load(params, seed)` at inputs in the data's own units, if it is known."""
        return None

    def true_weights(self, params: Any, seed: int) -> np.ndarray | None:
        """float64[features]: the weights of a linear source that generated the targets of `load(params, seed)`."""
        return None


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
    return described(default, label=("Noise", "노이즈"), help=(en, ko), ge=0, le=5, span=(0, 1))


class Uploaded(Strict):
    """Params of a data set that a user uploaded."""

    @staticmethod
    def of(format: str) -> Any:
        return described(
            "",
            label=("Upload", "올린 파일"),
            help=("Its id, as the upload's answer gave it.", "올릴 때 받은 번호(id)."),
            choose=f"uploads/{format}",
            pattern=r"^([0-9a-f]{16})?$",
        )


def uploaded_shape(record: Mapping[str, Any]) -> Shape:
    views = {layout: tuple(sizes) for layout, sizes in record["views"].items()}
    return Shape(record["rows"], views, len(record["classes"]), padded=record["padded"])
