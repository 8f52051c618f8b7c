"""The notes' 77 statements and their status, one file for each section. Adding a file with `STATEMENTS` is the only edit.

*Status* says whether a statement is true; *outcome* is the result of an experiment's run. The two use different words.
"""

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from trainer.spec import LANGUAGES

Words = dict[str, str]
Status = Literal["true", "false", "contested", "imprecise"]

STATUS_WORDS: dict[Status, Words] = {
    "true": {"en": "true", "ko": "맞음"},
    "false": {"en": "false", "ko": "틀림"},
    "contested": {"en": "contested", "ko": "논쟁 중"},
    "imprecise": {"en": "imprecise", "ko": "부정확"},
}


@dataclass(frozen=True)
class Statement:
    """`noted` is the text of the notes; `correct` is the correct statement. `formula` is MathML, or empty.

    `question`: the notes ask a question, and `answer` answers it. `experiments`: ids of the claims that show it.
    """

    number: int
    section: Words
    noted: Words
    status: Status
    correct: Words
    source: str
    source_words: str
    formula: str = ""
    experiments: tuple[str, ...] = ()
    question: bool = False
    answer: Words = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = [self.section, self.noted, self.correct] + ([self.answer] if self.question else [])
        if any(set(words) != set(LANGUAGES) or not all(text.strip() for text in words.values()) for words in texts):
            raise ValueError(f"statement {self.number}: a text is missing in one of {LANGUAGES}")
        if self.status not in get_args(Status):
            raise ValueError(f"statement {self.number}: no such status as {self.status!r}")
        if self.answer and not self.question:
            raise ValueError(f"statement {self.number}: an answer without a question")
        if not self.source.startswith("https://"):
            raise ValueError(f"statement {self.number}: a source is an https address")

    def describe(self) -> dict[str, Any]:
        """The statement as the API and the page use it."""
        return {
            "number": self.number,
            "section": self.section,
            "noted": self.noted,
            "status": self.status,
            "status_words": STATUS_WORDS[self.status],
            "correct": self.correct,
            "formula": self.formula,
            "source": self.source,
            "source_words": self.source_words,
            "experiments": list(self.experiments),
            "question": self.question,
            "answer": self.answer,
        }


def discover() -> dict[int, Statement]:
    """Every statement of this package by number, in the notes' order. Raises ValueError for a repeated number."""
    found: dict[int, Statement] = {}
    for info in pkgutil.iter_modules(__path__):
        for statement in getattr(importlib.import_module(f"{__name__}.{info.name}"), "STATEMENTS", ()):
            if statement.number in found:
                raise ValueError(f"statement {statement.number} is there twice")
            found[statement.number] = statement
    return dict(sorted(found.items()))
