"""A sentence in the visitor's language.

A refusal, a warning or the reason of an end is a `dynascope.sentence.Sentence`: English text that knows its template and values.
Its template has a translation in `locale/`; a value is inserted unchanged, unless it is a sentence itself. Text that is not a
sentence stays unchanged, and so does everything if English is requested: scripts read the text of the contract.
"""

from app.words.i18n import words
from dynascope.sentence import Sentence, filled
from trainer.spec import LANGUAGES


def spoken(text: str, language: str) -> str:
    """The text in the visitor's language."""
    if language == LANGUAGES[0] or not isinstance(text, Sentence):
        return str(text)
    translation = words(language).sentences.get(text.template, text.template)
    return filled(translation, {name: spoken(value, language) for name, value in text.values.items()})
