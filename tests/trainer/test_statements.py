"""The notes' statements: none left out, each in both languages, and in agreement with the experiments."""

import re
from itertools import chain
from xml.etree import ElementTree

import pytest

from trainer import claims
from trainer.claims.statements import STATUS_WORDS, Statement, discover
from trainer.claims.statements.mathml import XMLNS, mathml
from trainer.claims.words import PREDICT, STORY

STATEMENTS, CLAIMS = discover(), claims.discover()
HANGUL = re.compile("[가-힣]")
#: T true, F false, C contested, I imprecise, of the statements 1 to 77, ten a line.
STATUSES = "IITTICTFCTICCITTTTFTTTTITFFTTTIITTTITTIITIIITITITIFTTITITFTITTTITICTITTIFITII"
LETTERS = {"T": "true", "F": "false", "C": "contested", "I": "imprecise"}
QUESTIONS = {8, 52}
#: (experiment, statement) that the experiment bears on, beyond the one that the statement is shown by.
BEYOND: set[tuple[str, int]] = set()
OUTCOMES = {"en": ["shown", "contradicted", "inconclusive"], "ko": ["확인됨", "반증됨", "판단 보류"]}
ELEMENTS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mtable", "mtr", "mtd"} | {
    f"m{scripts}" for scripts in ("sub", "sup", "subsup", "under", "over", "underover")
}
ATTRIBUTES = {"display", "displaystyle", "accent", "width", "stretchy"}

each = pytest.mark.parametrize("statement", STATEMENTS.values(), ids=lambda statement: str(statement.number))


def test_every_statement_of_the_notes_is_there_once() -> None:
    assert list(STATEMENTS) == list(range(1, 78))


def test_the_statuses_are_those_that_were_decided() -> None:
    assert {number: LETTERS[letter] for number, letter in enumerate(STATUSES, 1)} == {n: s.status for n, s in STATEMENTS.items()}


@each
def test_a_statement_is_said_in_both_languages(statement: Statement) -> None:
    texts = [statement.section, statement.noted, statement.correct] + ([statement.answer] if statement.question else [])
    for words in texts:
        assert set(words) == {"en", "ko"}
        assert words["en"].strip()
        assert not HANGUL.search(words["en"])
    for words in texts if statement.number != 59 else texts[1:]:
        assert HANGUL.search(words["ko"])
    assert statement.source.startswith("https://")
    assert statement.source_words.strip()


@each
def test_what_is_not_true_is_told_against_the_notes(statement: Statement) -> None:
    if statement.status != "true" and not statement.question:
        assert "notes" in statement.correct["en"]
        assert "노트" in statement.correct["ko"]


def test_the_questions_are_answered_at_length() -> None:
    assert {number for number, statement in STATEMENTS.items() if statement.question} == QUESTIONS
    for number in QUESTIONS:
        for text in STATEMENTS[number].answer.values():
            assert 4 <= len(re.findall(r"[.?](?:\s|$)", text)) <= 7


@each
def test_a_formula_is_presentation_mathml_and_nothing_else(statement: Statement) -> None:
    if not statement.formula:
        return
    root = ElementTree.fromstring(statement.formula)
    assert root.tag == f"{{{XMLNS}}}math"
    for element in root.iter():
        assert element.tag.removeprefix(f"{{{XMLNS}}}") in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert element.tail is None
    for name, children in (("mfrac", 2), ("msub", 2), ("msup", 2), ("munder", 2), ("mover", 2), ("msubsup", 3), ("munderover", 3)):
        assert all(len(element) == children for element in root.iter(f"{{{XMLNS}}}{name}"))


@pytest.mark.parametrize("tex", ["{ a", "a }", r"\frac{1}", r"\unknown x", "a ^"])
def test_a_formula_with_a_mistake_is_refused(tex: str) -> None:
    with pytest.raises(ValueError, match=r"not closed|without being open|not known"):
        mathml(tex)


def test_a_sum_has_its_limits_below_and_above() -> None:
    found = mathml(r"\sum_{i = 1}^n x_i^2")
    assert "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>" in found
    assert "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>" in found


def test_statements_and_experiments_name_each_other() -> None:
    shown_by = {(experiment, number) for number, statement in STATEMENTS.items() for experiment in statement.experiments}
    bears_on = {(claim.id, number) for claim in CLAIMS.values() for number in claim.statements}
    assert {experiment for experiment, _ in shown_by} <= set(CLAIMS)
    assert bears_on - shown_by == BEYOND
    assert shown_by <= bears_on


def test_what_is_measured_refutes_that_the_variance_is_kept_and_that_both_sides_are_orthonormal() -> None:
    assert {id: CLAIMS[id].statements[number] for id, number in (("E9", 46), ("E13", 54))} == {"E9": "refutes", "E13": "refutes"}


def test_the_criterion_of_nine_names_each_of_its_bounds() -> None:
    for words, sigmoid in (("en", "sigmoid"), ("ko", "시그모이드")):
        assert sigmoid in CLAIMS["E9"].criterion[words]


@pytest.mark.parametrize("words", [PREDICT, STORY], ids=["predict", "story"])
def test_every_experiment_asks_before_it_and_is_explained_after_it(words: dict[str, dict[str, str]]) -> None:
    assert list(words) == [f"E{n}" for n in range(1, 21)] == list(CLAIMS)
    for text in words.values():
        assert set(text) == {"en", "ko"}
        assert not HANGUL.search(text["en"])
        assert HANGUL.search(text["ko"])
    if words is PREDICT:
        assert all(text[language].endswith("?") or "요?" in text[language] for text in words.values() for language in text)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_status_and_an_outcome_share_no_word(language: str) -> None:
    statuses = set(chain.from_iterable(words[language].split() for words in STATUS_WORDS.values()))
    assert not statuses & set(chain.from_iterable(words.split() for words in OUTCOMES[language]))
