"""The page's texts: gettext catalogues read from .po files at the start, one language per request.

`python -m app.words.i18n update` extracts the msgids from templates and scripts into every catalogue and keeps the
translations; `python -m app.words.i18n check` lists the translations that a catalogue lacks.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import Template

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from starlette.requests import HTTPConnection

from app.settings import ROOT
from dynascope.sentence import NAME
from trainer.spec import LANGUAGES, PYDANTIC

COOKIE = "lang"
_MAPPING = ROOT / "babel.cfg"
_SCRIPTS = "static/js/"
_KEYWORDS = {"_": None, "gettext": None}
#: The places of sentences: the server and the trainer; the command line is in English.
_SAYING = ("app", "trainer", "dynascope/sinks")
#: The context of refusals, warnings and reasons of ends, separate from the page's texts.
SENTENCE = "sentence"


def path_of(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "messages.po"


class Words:
    """One language's translations; a msgid without a translation is returned unchanged."""

    def __init__(self, language: str) -> None:
        self.language = language
        with path_of(language).open("rb") as file:
            catalogue = read_po(file, locale=language)
        self._sentences = {str(m.id): str(m.string) for m in catalogue if m.id and m.context == SENTENCE and m.string}
        messages = [m for m in catalogue if m.id and isinstance(m.id, str) and m.context is None]
        self._translated = {str(m.id): str(m.string) for m in messages if m.string}
        self._scripts = [str(m.id) for m in messages if any(str(place).startswith(_SCRIPTS) for place, _ in m.locations)]

    def gettext(self, text: str) -> str:
        return self._translated.get(text, text)

    @property
    def sentences(self) -> dict[str, str]:
        """Template → translation, for refusals, warnings and reasons of ends."""
        return self._sentences

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)

    def for_scripts(self) -> dict[str, str]:
        """The texts of the page's JavaScript, as the JSON island that it reads."""
        return {text: self.gettext(text) for text in self._scripts}


@cache
def words(language: str) -> Words:
    return Words(language)


def language_of(request: HTTPConnection) -> str:
    """`?lang=`, then the cookie, then Accept-Language, else English."""
    asked = [request.query_params.get("lang"), request.cookies.get(COOKIE), *_accepted(request.headers.get("accept-language", ""))]
    return next((language for language in asked if language in LANGUAGES), LANGUAGES[0])


def _accepted(header: str) -> list[str]:
    """Primary subtags by falling quality: `ko-KR,ko;q=0.9,en;q=0.8` → ko, ko, en."""
    ranked: list[tuple[float, str]] = []
    for item in header.split(",")[:20]:
        tag, _, quality = item.strip().partition(";q=")
        try:
            ranked.append((float(quality or 1), tag.split("-")[0].lower()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(ranked, key=lambda pair: -pair[0])]


def extracted() -> Catalog:
    """Every msgid of templates, scripts and the server's own files, with the places where it occurs."""
    with _MAPPING.open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalogue = Catalog(fuzzy=False)
    found = extract_from_dir(str(ROOT), methods, options, keywords=_KEYWORDS, directory_filter=_is_source)
    for filename, line, text, _, context in found:
        catalogue.add(text, None, [(filename, line)], context=context)
    for text, filename, line, _ in sentences():
        catalogue.add(text, None, [(filename, line)], context=SENTENCE)
    return catalogue


def sentences() -> Iterator[tuple[str, str, int, set[str]]]:
    """`(template, file, line, names of its values)` of all calls of `dynascope.sentence.say`, and of pydantic's own sentences.

    A template without a word, such as `{loc}: {msg}`, is the same in every language.
    """
    for folder in _SAYING:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                    text = ast.literal_eval(node.args[0])
                    if any(c.isalpha() for c in NAME.sub("", text)):
                        yield text, path.relative_to(ROOT).as_posix(), node.lineno, {str(one.arg) for one in node.keywords}
    yield from ((text, "pydantic", 1, set(NAME.findall(text))) for text in PYDANTIC)


def _is_source(folder: str) -> bool:
    name = Path(folder).name
    return name not in ("vendor", "node_modules", "tests") and not name.startswith(".") and Path(folder) != ROOT / "data"


def missing(language: str) -> list[str]:
    """Msgids of templates, scripts or sentences without a translation in this language; English needs none."""
    with path_of(language).open("rb") as file:
        held = {(m.id, m.context): m.string for m in read_po(file, locale=language)}
    asked = [(str(m.id), m.context) for m in extracted() if m.id]
    return [text for text, context in asked if (text, context) not in held or (language != LANGUAGES[0] and not held[text, context])]


def update(languages: Iterable[str] = LANGUAGES) -> None:
    template = extracted()
    for language in languages:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        held = Catalog(locale=language)
        if path.exists():
            with path.open("rb") as file:
                held = read_po(file, locale=language)
        held.update(template, no_fuzzy_matching=True)
        held.header_comment = f"# Dynascope, the page's own words: {language}"
        with path.open("wb") as file:
            write_po(file, held, width=120, sort_output=True, ignore_obsolete=True, omit_header=False)


_LACKS = Template("$language lacks $count: $texts")


def main(command: str) -> int:
    if command == "update":
        update()
    lacking = {language: missing(language) for language in LANGUAGES}
    for language, texts in lacking.items():
        if texts:
            print(_LACKS.substitute(language=language, count=len(texts), texts=texts))
    return int(any(lacking.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
