"""The content of a file: features, target, task, classes; or the error in it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynascope.sentence import say

MIN_ROWS, MAX_ROWS, MAX_COLUMNS, MAX_VALUES = 10, 1_000_000, 10_000, 100_000_000
#: The fewest examples of a class (one per split); the most whole numbers that are read as classes; the most classes.
MIN_OF_CLASS, FEW, MAX_CLASSES = 3, 20, 1000
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
#: The least variation of a column relative to its size; the largest whole number that a float64 holds.
FINE, EXACT = 1e-5, 2**53
#: The most names that an answer holds.
NAMES = 1000


class Bad(Exception):
    """An error: the form's field, the message, the value that was found."""

    def __init__(self, msg: str, got: Any = None, loc: str = "file") -> None:
        super().__init__(msg)
        self.loc, self.got = loc, got


@dataclass
class Found:
    """`x`: float32[examples, ...]; `target`: str or numbers[examples]; `where(i)`: the location of the i-th example in words."""

    x: np.ndarray
    target: np.ndarray
    where: Any
    views: dict[str, tuple[int, ...]]
    target_name: str
    columns: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    ignored: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    padded: bool = False


def too_fine(low: float, high: float) -> bool:
    """Whether float32, with about seven digits, loses nearly all of the differences."""
    return high - low < FINE * max(abs(low), abs(high))


def numbers(values: np.ndarray) -> np.ndarray:
    """float64; NaN for a value that is not a number."""
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    out = np.full(len(values), np.nan)
    for i, value in enumerate(values.tolist()):
        try:
            out[i] = float(value)
        except ValueError:
            continue
    return out


def learnt(found: Found, task: str | None) -> tuple[np.ndarray, str, list[str]]:
    """`(y, task, class names)`: y holds int64 class numbers or float32. Raises Bad if there is nothing to learn."""
    n, name, target = len(found.target), found.target_name, found.target
    if n < MIN_ROWS:
        raise Bad(
            say("{count} rows are too few for a training, a validation and a test split: give at least {least}", count=n, least=MIN_ROWS), n
        )
    values = numbers(target)
    is_number = np.isfinite(values)
    text = target.dtype.kind not in "fiub"
    if text and task != "classification" and not is_number.all() and (task == "regression" or 2 * is_number.sum() >= n):
        at = int(np.flatnonzero(~is_number)[0])
        msg = say(
            "{where}, target {name}: {value} is no number; mend it, or give task=classification",
            where=found.where(at),
            name=repr(name),
            value=repr(str(target[at])[:80]),
        )
        raise Bad(msg, str(target[at])[:80], "target")
    if not text and not is_number.all():
        at = int(np.flatnonzero(~is_number)[0])
        raise Bad(
            say(
                "{where}, target {name}: the value is missing or not finite; fill it or remove the row",
                where=found.where(at),
                name=repr(name),
            ),
            None,
            "target",
        )
    if task is None:
        whole = is_number.all() and bool((values == np.rint(values)).all())
        task = "classification" if not is_number.all() or (whole and len(np.unique(values)) <= FEW) else "regression"
    if task == "regression":
        if values.min() == values.max():
            raise Bad(
                say("target {name} is {value} in every row; there is nothing to learn", name=repr(name), value=f"{values[0]:g}"),
                float(values[0]),
                "target",
            )
        if np.abs(values).max() > np.finfo(np.float32).max:
            raise Bad(say("target {name} holds values beyond 3e38; scale it", name=repr(name)), None, "target")
        if too_fine(float(values.min()), float(values.max())):
            low, high = values.min(), values.max()
            msg = say(
                "target {name} goes from {low} to {high}, which single precision can't tell apart: subtract {low} from it",
                name=repr(name),
                low=f"{low:.10g}",
                high=f"{high:.10g}",
            )
            raise Bad(msg, None, "target")
        return values.astype(np.float32), task, []
    exact = target.dtype.kind in "iu" or not is_number.all() or np.abs(values).max() > EXACT
    return _classes(found, target if exact else values)


def _classes(found: Found, target: np.ndarray) -> tuple[np.ndarray, str, list[str]]:
    known, y, counts = np.unique(target, return_inverse=True, return_counts=True)
    names = [str(int(value) if isinstance(value, float) and value.is_integer() else value)[:200] for value in known.tolist()]
    if len(known) < 2:
        raise Bad(
            say(
                "target {target} is {name} in every row; one class is nothing to learn", target=repr(found.target_name), name=repr(names[0])
            ),
            names[0],
            "target",
        )
    if len(known) > MAX_CLASSES:
        msg = say(
            "target {target} has {count} classes; {most} are allowed. Take another target, or task=regression",
            target=repr(found.target_name),
            count=f"{len(known):,}",
            most=f"{MAX_CLASSES:,}",
        )
        raise Bad(msg, len(known), "target")
    if counts.min() < MIN_OF_CLASS:
        rare = int(counts.argmin())
        at = int(np.flatnonzero(y == rare)[0])
        msg = say(
            "class {name} of target {target} is in {count} rows ({where}); each needs {least}, one for each split. "
            "Remove it, choose another target, or give task=regression",
            name=repr(names[rare]),
            target=repr(found.target_name),
            count=counts[rare],
            where=found.where(at),
            least=MIN_OF_CLASS,
        )
        raise Bad(msg, names[rare], "target")
    return y.astype(np.int64), "classification", names
