"""A refusal in the visitor's language: the template that an English sentence was made from, found again, and its translation.

`spoken("there is no run 'x'; GET /api/runs lists those that are", "ko")`. A sentence that no template fits stays as it is, as
does every sentence where English is asked for: scripts read what the contract says. Names, numbers and paths in it are put
into the translation as they stand, and what is a sentence itself is translated in its turn.
"""

import re
from functools import cache
from typing import Any

from app.words.i18n import words
from trainer.spec import LANGUAGES

_SPLIT = re.compile(r"\{(\w[^{}]*)\}")
#: A sentence within a sentence within a sentence, at most.
DEEPEST = 3


def spoken(text: str, language: str, depth: int = 0) -> str:
    """In that language, where it is known."""
    if language == LANGUAGES[0] or depth > DEEPEST:
        return text
    for literals, names, translation in _templates(language):
        held = _values(text, literals)
        if held is not None:
            values = {name: spoken(value, language, depth + 1) for name, value in zip(names, held, strict=True)}
            return _SPLIT.sub(lambda m, values=values: values[m[1]], translation)  # type: ignore[misc]
    return text


def spoken_detail(detail: str, errors: list[Any], language: str) -> str:
    """A problem's `detail`: a sentence, or those of its fields one behind the other, as `Problem.of_fields` makes it."""
    parts = [f"{error.loc}: {error.msg}" for error in errors[:3]]
    if errors and detail == "; ".join(parts):
        return "; ".join(f"{error.loc}: {spoken(error.msg, language)}" for error in errors[:3])
    return spoken(detail, language)


@cache
def _templates(language: str) -> list[tuple[list[str], list[str], str]]:
    """`(what stands between the names, the names, the translation)`; what says more comes first."""
    found = []
    for template, translation in words(language).sentences.items():
        parts = _SPLIT.split(template)
        found.append((parts[::2], parts[1::2], translation))
    return sorted(found, key=lambda one: -sum(len(part) for part in one[0]))


def _values(text: str, literals: list[str]) -> list[str] | None:
    """What stands where the names do; each is as short as it can be, so this takes one walk through the text."""
    first, *between = literals
    if not text.startswith(first):
        return None
    if not between:
        return [] if text == first else None
    *inner, end = between
    last = len(text) - len(end)
    at, held = len(first), []
    if last < at or not text.endswith(end):
        return None
    for literal in inner:
        here = text.find(literal, at, last)
        if here < 0:
            return None
        held.append(text[at:here])
        at = here + len(literal)
    return [*held, text[at:last]]
