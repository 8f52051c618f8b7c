"""A sentence for users that keeps its template and its values, so that it can be translated.

`say("there is no run {id}", id=repr(id))` gives an ordinary English string; the code that displays it may look up the
translation of `.template` and fill in `.values` (`app.words.wording`). JSON and databases hold only the text: to preserve a
sentence, `pack` and `unpack` the data that contain it, or store the result of `keep` with its text and use `recall`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

NAME = re.compile(r"\{(\w+)\}")
#: Maximum nesting depth of sentences, and of lists and mappings that are searched for sentences.
DEEPEST = 64
#: Maximum characters of a received sentence: a short template can repeat a value a million times.
LONGEST = 100_000
_KEY = "$sentence"


class Sentence(str):
    """The English text. A value is either a text, which is the same in every language, or a sentence."""

    __slots__ = ("template", "values")

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, values: Mapping[str, str]) -> Self:
        """Raises KeyError if the template names a value that isn't given."""
        self = super().__new__(cls, filled(template, values))
        self.template, self.values = template, dict(values)
        return self

    def __getnewargs__(self) -> tuple[str, dict[str, str]]:  # type: ignore[override]
        return self.template, self.values


def say(template: str, /, **values: Any) -> Sentence:
    """The sentence of a template with these values: sentences, exceptions, or objects that `str` converts to text."""
    return Sentence(template, {name: _value(value) for name, value in values.items()})


def joined(parts: Iterable[str], by: str) -> Sentence:
    """One sentence from several, with `by` between them."""
    values = {f"part{i}": _value(part) for i, part in enumerate(parts, 1)}
    return Sentence(by.join("{" + name + "}" for name in values), values)


def said(error: BaseException) -> str:
    """The sentence that an exception was raised with, else its text: `str(error)` gives only the text."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Sentence) else str(error)


def filled(template: str, values: Mapping[str, str]) -> str:
    return NAME.sub(lambda match: values[match[1]], template)


def _value(value: Any) -> str:
    if isinstance(value, Sentence):
        return value
    text = said(value) if isinstance(value, BaseException) else str(value)
    if isinstance(text, Sentence):
        return text
    return text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate can't be encoded as UTF-8


def pack(value: Any, depth: int = 0) -> Any:
    """JSON data with every sentence replaced by data. Parts nested deeper than DEEPEST are not changed."""
    if depth > DEEPEST:
        return value
    if isinstance(value, Sentence):
        return {_KEY: [value.template, {name: pack(inner, depth + 1) for name, inner in value.values.items()}]}
    if isinstance(value, dict):
        packed = {key: pack(inner, depth + 1) for key, inner in value.items()}
        return {_KEY: packed} if _KEY in packed else packed  # a user's own mapping with this key stays a mapping
    if isinstance(value, (list, tuple)):
        return [pack(inner, depth + 1) for inner in value]
    return value


def unpack(packed: Any, depth: int = 0) -> Any:
    """The inverse of `pack`. Data that look like a sentence but are not one become plain text."""
    if depth > DEEPEST:
        return packed
    if isinstance(packed, dict):
        held = packed.get(_KEY) if len(packed) == 1 else None
        if isinstance(held, list):
            found = _sentence(held, depth)
            return str(held)[:LONGEST] if found is None else found
        mapping = held if isinstance(held, dict) else packed
        return {key: unpack(inner, depth + 1) for key, inner in mapping.items()}
    return [unpack(inner, depth + 1) for inner in packed] if isinstance(packed, list) else packed


def keep(text: str | None) -> Any:
    """The data to store with a text for `recall`; None if the text is not a sentence."""
    return pack(text) if isinstance(text, Sentence) else None


def recall(text: str, kept: Any) -> str:
    """The kept sentence if it has this text, else the text: received data can't change the text that is shown."""
    held = kept.get(_KEY) if isinstance(kept, dict) else None
    found = _sentence(held, 0) if isinstance(held, list) else None
    return found if found is not None and found == text else text


def _sentence(held: list[Any], depth: int) -> Sentence | None:
    match held:
        case [str(template), dict(packed)] if depth <= DEEPEST:
            values = {}
            for name, value in packed.items():
                if isinstance(value, dict) and isinstance(value.get(_KEY), list):
                    value = _sentence(value[_KEY], depth + 1)
                if not isinstance(value, str):
                    return None
                values[name] = value
            names = NAME.findall(template)
            if not values.keys() >= set(names) or len(template) + sum(len(values[name]) for name in names) > LONGEST:
                return None
            return Sentence(template, values)
    return None
