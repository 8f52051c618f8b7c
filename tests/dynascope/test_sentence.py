"""A sentence is a string that knows its template and values, and keeps them on its way through JSON."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynascope.sentence import DEEPEST, Sentence, joined, keep, pack, recall, said, say, unpack

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def made(inner: st.SearchStrategy[str]) -> st.SearchStrategy[Sentence]:
    values = st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), inner, max_size=3)
    return st.builds(lambda before, held: Sentence(before.replace("{", "") + " ".join(f"{{{name}}}" for name in held), held), TEXTS, values)


SENTENCES = made(st.recursive(TEXTS, made, max_leaves=5))
#: Any JSON, with sentences in it, and with mappings that look like packed ones.
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | SENTENCES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.just("$sentence"), inner, max_size=3)
        | st.fixed_dictionaries({"$sentence": inner})
    ),
    max_leaves=8,
)


def apart(value: Any) -> Any:
    """With all that two equal strings may differ in."""
    if isinstance(value, Sentence):
        return ("sentence", value.template, {name: apart(inner) for name, inner in value.values.items()})
    if isinstance(value, dict):
        return {key: apart(inner) for key, inner in value.items()}
    return [apart(inner) for inner in value] if isinstance(value, list) else value


@given(DATA)
def test_what_was_packed_is_unpacked_as_it_was(value: Any) -> None:
    through = json.loads(json.dumps(pack(value)))
    assert apart(unpack(through)) == apart(value)


@given(SENTENCES)
def test_what_is_kept_beside_a_text_makes_the_sentence_of_it(sentence: Sentence) -> None:
    assert apart(recall(str(sentence), json.loads(json.dumps(keep(sentence))))) == apart(sentence)


def test_a_sentence_is_a_string_like_any_other() -> None:
    sentence = say("there is no run {id}: {why}", id=repr("x"), why=say("it was deleted"))
    assert sentence == "there is no run 'x': it was deleted"
    assert json.loads(json.dumps({"detail": sentence})) == {"detail": "there is no run 'x': it was deleted"}
    assert sentence.values["why"].template == "it was deleted"  # type: ignore[attr-defined]
    for same in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):  # noqa: S301  our own
        assert apart(same) == apart(sentence)
    assert type(str(sentence)) is str
    assert keep("a text") is None
    assert keep(None) is None


def test_what_an_exception_was_raised_with_stays_a_sentence_in_another_one() -> None:
    error = ValueError(say("nesterov needs a momentum above 0"))
    outer = say("{kind}: {error}", kind="ValueError", error=error)
    assert outer == "ValueError: nesterov needs a momentum above 0"
    assert isinstance(outer.values["error"], Sentence)
    assert (said(OSError(2, "no such file")), said(ValueError())) == ("[Errno 2] no such file", "")


def test_sentences_are_joined_to_one_that_holds_them() -> None:
    sentence = joined([say("a is {x}", x=1), "b"], "; ")
    assert sentence == "a is 1; b"
    assert sentence.values["part1"].template == "a is {x}"  # type: ignore[attr-defined]
    assert joined([], "; ") == ""


def test_a_value_may_hold_braces_and_half_of_a_surrogate_pair() -> None:
    sentence = say("{name} is not {other}", name="{other}", other="\ud800")
    assert sentence == "{other} is not \\ud800"
    assert sentence.encode()


def test_a_template_without_its_value_is_refused_where_it_is_made() -> None:
    with pytest.raises(KeyError, match="id"):
        say("there is no run {id}", name="x")


def deep() -> Any:
    held: Any = "x"
    for _ in range(DEEPEST + 10):
        held = {"$sentence": ["{a}", {"a": held}]}
    return held


MALFORMED = [
    None,
    3,
    "text",
    [],
    {},
    {"$sentence": None},
    {"$sentence": []},
    {"$sentence": ["only a template"]},
    {"$sentence": ["{name}", {}]},
    {"$sentence": ["{name}", {"name": 3}]},
    {"$sentence": ["{name}", {"name": {"$sentence": "x"}}]},
    {"$sentence": ["{name}", {"name": {"$sentence": [3, {}]}}]},
    {"$sentence": [3, {"name": "x"}]},
    {"$sentence": ["a", {}, "more"]},
    {"$sentence": ["another text", {}]},
    {"$sentence": ["{a}" * 100_000, {"a": "x" * 100_000}]},
    deep(),
]


@pytest.mark.parametrize("kept", MALFORMED)
def test_what_a_stranger_keeps_beside_a_text_changes_no_word_of_it(kept: Any) -> None:
    told = recall("the reason", kept)
    assert (told, type(told)) == ("the reason", str)


@pytest.mark.parametrize("packed", MALFORMED)
def test_what_only_looks_like_a_sentence_is_unpacked_without_harm(packed: Any) -> None:
    json.dumps(unpack(packed))
    if isinstance(packed, dict) and isinstance(packed.get("$sentence"), list):
        assert isinstance(unpack(packed), str)
        assert len(unpack(packed)) <= 100_000


def test_values_that_stand_in_it_again_and_again_make_no_endless_text() -> None:
    held: Any = "x" * 100
    for _ in range(20):
        held = {"$sentence": ["{a}{a}{a}{a}{a}{a}{a}{a}", {"a": held}]}
    assert type(recall("the reason", held)) is str
