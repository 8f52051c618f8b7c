"""The page's words: both languages complete, and the visitor's language found."""

import re

import pytest
from starlette.requests import Request

from app.settings import ROOT
from app.words.i18n import extracted, language_of, missing, words
from trainer.spec import LANGUAGES


def test_no_text_of_the_page_lacks_its_translation() -> None:
    assert {language: missing(language) for language in LANGUAGES} == {language: [] for language in LANGUAGES}


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        ("", "", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("", "", "fr;q=0.9,en;q=0.4,ko;q=0.6", "ko"),
        ("", "", "fr", "en"),
        ("", "ko", "en", "ko"),
        ("lang=en", "ko", "ko", "en"),
        ("lang=xx", "", "ko", "ko"),
    ],
)
def test_the_language_is_asked_for_by_address_then_cookie_then_browser(query: str, cookie: str, accepted: str, language: str) -> None:
    headers = [(b"accept-language", accepted.encode()), (b"cookie", f"lang={cookie}".encode())]
    assert language_of(Request({"type": "http", "query_string": query.encode(), "headers": headers})) == language


def test_a_script_gets_the_words_that_scripts_say() -> None:
    assert words("ko").for_scripts()["waiting"] == "대기 중"
    assert "Data set" not in words("ko").for_scripts()


def test_no_text_of_a_script_escapes_the_catalogue() -> None:
    """Within a template literal, one with a brace of its own would."""
    scripts = (ROOT / "static" / "js").rglob("*.js")
    said = {text for path in scripts for text in re.findall(r"\b_\('((?:[^'\\]|\\.)*)'", path.read_text())}
    assert said - {message.id for message in extracted()} == set()
