"""The parts of which runs are made. A part is one file under `trainer/parts/`; registering it is the only edit.

`discover` imports all files in those folders when it is called, so the next process finds a new file without a restart.
A file that can't be imported is listed in `broken()` and does not affect the others.
"""

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from trainer.cause import cause_of
from trainer.spec import LANGUAGES, Strict

log = logging.getLogger(__name__)
PARTS = Path(__file__).parent / "parts"

#: Kind → the folder that holds it.
KINDS = {
    "init": "inits",
    "norm": "norms",
    "penalty": "penalties",
    "activation": "activations",
    "dataset": "datasets",
    "model": "models",
    "optimizer": "optimizers",
    "schedule": "schedules",
}


class Refused(ValueError):
    """Raised if a part can't work with the given parameters; `param` is the wrong one."""

    def __init__(self, param: str, msg: str, got: Any) -> None:
        super().__init__(msg)
        self.param, self.got = param, got


@dataclass(frozen=True)
class Texts:
    """A part's name, and two or three sentences on what it does and when to use it, in both languages."""

    label: dict[str, str]
    text: dict[str, str]
    source: str

    def __post_init__(self) -> None:
        for words in (self.label, self.text):
            missing = [language for language in LANGUAGES if not words.get(language, "").strip()]
            if missing:
                raise ValueError(f"a text is missing in {missing}")
        if not self.source.startswith("https://"):
            raise ValueError("a source is an https address")


class NoParams(Strict):
    """The params of a part without settings."""


class Part:
    """The base of every part: `texts` is for people; each kind defines the methods of its parts."""

    name: str
    kind: str
    file: str
    Params: type[Strict] = NoParams
    texts: Texts
    #: The data that it works with, for the catalogue: for instance `{"layouts": ["vector"]}`.
    works_with: ClassVar[dict[str, Any]] = {}

    def adjust(self, model: Any, params: Any) -> None:
        """Adjust the model of a running run to changed live parameters."""

    def warm(self) -> None:
        """Load what a run would otherwise wait for; called once in the process from which runs are forked."""


P = TypeVar("P", bound=type[Part])
_parts: dict[str, dict[str, Part]] = {kind: {} for kind in KINDS}
_broken: dict[str, str] = {}


def register(kind: str, name: str, params: type[Strict] = NoParams) -> Callable[[P], P]:
    """Class decorator; `params` declares the settings. Raises ValueError for a name in use, naming both files."""

    def add(part: P) -> P:
        taken = _parts[kind].get(name)
        if taken is not None and taken.file != part.__module__:
            raise ValueError(f"{kind} {name!r} is declared in {taken.file} and again in {part.__module__}")
        part.name, part.kind, part.file, part.Params = name, kind, part.__module__, params
        part.texts  # noqa: B018  a part without texts fails here, not in front of a user
        _parts[kind][name] = part()
        return part

    return add


def part(kind: str, name: str) -> Any:
    """The part of that name. Raises KeyError; `names(kind)` lists the names."""
    return _parts[kind][name]


def names(kind: str) -> list[str]:
    return sorted(_parts[kind])


def discover() -> None:
    """Import every part that isn't imported yet. Takes less than a millisecond if there is none."""
    importlib.invalidate_caches()  # a folder's listing is cached by its modification time, which is coarse
    for folder in KINDS.values():
        for path in sorted((PARTS / folder).glob("[a-z]*.py")):
            module = f"trainer.parts.{folder}.{path.stem}"
            try:
                importlib.import_module(module)
                _broken.pop(str(path), None)
            except (Exception, SystemExit) as error:  # noqa: BLE001  an error in one file must not affect the others
                cause = cause_of(error)
                if cause not in _broken.values():  # an error in a package breaks every file in it
                    log.error("%s can't be used: %s", path, cause)
                _broken[str(path)] = cause


def broken() -> dict[str, str]:
    """File → why it could not be imported."""
    return {Path(path).relative_to(PARTS.parent.parent).as_posix(): why for path, why in _broken.items()}


def warm() -> None:
    """Load in advance what runs would wait for. If a part fails here, it is logged, and a run that uses it reports the cause.
    Raises ImportError if a kind has no part at all, because then no spec can be run.
    """
    for kind, folder in KINDS.items():
        if not _parts[kind]:
            raise ImportError(next((why for file, why in broken().items() if f"/{folder}/" in file), f"there is no file in {folder}"))
        for name in names(kind):
            try:
                part(kind, name).warm()
            except Exception as error:  # noqa: BLE001  an error in one part must not affect the others
                log.error("%s %s could not be loaded in advance: %s", kind, name, cause_of(error))
