"""Sentences in tables: the English text in its column, and in one beside it what it can be told from in another language."""

from collections.abc import Mapping
from typing import Any

from dynascope.sentence import keep, recall

#: Column of the text → the one beside it. Rows of older versions have none, and their text stays English.
BESIDE = {"end_reason": "end_sentence", "reason": "reason_sentence"}


def split(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values as its columns hold them."""
    held = dict(values)
    for name in BESIDE.keys() & values.keys():
        text = values[name]
        held |= {name: text and str(text), BESIDE[name]: keep(text)}
    return held


def merged(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row's values, its text as the sentence that it was."""
    held = dict(row)
    for name, beside in BESIDE.items():
        if beside in held:
            kept = held.pop(beside)
            held[name] = held[name] and recall(held[name], kept)
    return held
