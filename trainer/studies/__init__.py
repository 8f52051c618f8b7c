"""Ready-made studies that open in one click: one file for each. A study is a base spec, axes over its fields, and seeds."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any, Literal

from trainer.spec import LANGUAGES

Words = dict[str, str]
#: The view of a study: final values over a grid, bias and variance along an axis, or weights and errors along λ.
View = Literal["grid", "decomposition", "path"]


@dataclass(frozen=True)
class Study:
    """`label` is its name, `sentence` the expected result; both in every language. `base` has the differences from RunSpec's defaults.

    `axes`: dotted path → values. `shown`: the final value that a grid shows.
    """

    name: str
    order: int
    label: Words
    sentence: Words
    base: dict[str, Any]
    axes: dict[str, tuple[Any, ...]]
    seeds: int
    view: View
    shown: str = "test/loss"

    def __post_init__(self) -> None:
        for words in (self.label, self.sentence):
            if set(words) != set(LANGUAGES) or not all(words.values()):
                raise ValueError(f"study {self.name}: a text is missing in one of {LANGUAGES}")

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "sentence": self.sentence,
            "base": self.base,
            "axes": {path: list(values) for path, values in self.axes.items()},
            "seeds": self.seeds,
            "view": self.view,
            "shown": self.shown,
        }


def discover() -> list[Study]:
    """Every `STUDY` in this package, in their order."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    return sorted((module.STUDY for module in modules if hasattr(module, "STUDY")), key=lambda study: study.order)
