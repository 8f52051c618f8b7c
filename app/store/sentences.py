"""Sentences in tables: the English text in its column, and in a second column the data for its translation."""

from collections.abc import Mapping
from typing import Any

from dynascope.sentence import keep, recall

#: Column of the text → the second column. Rows of older versions have no such data, and their text stays English.
BESIDE = {"end_reason": "end_sentence", "reason": "reason_sentence"}


def split(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values in the form of its columns."""
    held = dict(values)
    for name in BESIDE.keys() & values.keys():
        text = values[name]
        held |= {name: text and str(text), BESIDE[name]: keep(text)}
    return held


def merged(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row's values, with its text as a sentence again."""
    held = dict(row)
    for name, beside in BESIDE.items():
        if beside in held:
            kept = held.pop(beside)
            held[name] = held[name] and recall(held[name], kept)
    return held
