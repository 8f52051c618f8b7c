"""Examples that open in one click, one file for each. A preset is one or more specs side by side, and a hint for the reader."""

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import Any

from trainer.spec import LANGUAGES

Words = dict[str, str]


@dataclass(frozen=True)
class Arm:
    """One of the runs that a preset starts. `spec` has the differences from RunSpec's defaults."""

    label: Words
    spec: dict[str, Any]


@dataclass(frozen=True)
class Preset:
    """`label` is its name, `sentence` describes the steps and the expected result; both in every language.

    `look`: the layer that is shown first, None for the page's own choice.
    """

    name: str
    order: int
    label: Words
    sentence: Words
    arms: tuple[Arm, ...]
    look: str | None = None
    #: The change that the user is asked to make during the run: dotted path → value.
    suggestion: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for words in (self.label, self.sentence, *(arm.label for arm in self.arms)):
            if set(words) != set(LANGUAGES) or not all(words.values()):
                raise ValueError(f"preset {self.name}: a text is missing in one of {LANGUAGES}")

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "sentence": self.sentence,
            "look": self.look,
            "suggestion": self.suggestion,
            "arms": [{"label": arm.label, "spec": arm.spec} for arm in self.arms],
        }


def discover() -> list[Preset]:
    """Every `PRESET` in this package, in their order."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    return sorted((module.PRESET for module in modules), key=lambda preset: preset.order)


def merged(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A nested dict with values at paths written as `optimizer__params__lr=0.1`."""
    out = _copied(base)
    for path, value in changes.items():
        *way, last = path.split("__")
        node = out
        for key in way:
            node = node.setdefault(key, {})
        node[last] = value
    return out


def _copied(value: Any) -> Any:
    return {key: _copied(inner) for key, inner in value.items()} if isinstance(value, dict) else value
