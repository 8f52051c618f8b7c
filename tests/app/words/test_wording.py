"""Refusals in the visitor's language: every sentence has one in Korean, and what stands in it is put where it belongs."""

import string
from typing import Any

import pytest

from app.settings import ROOT
from app.words.i18n import words
from app.words.sentences import found
from app.words.wording import spoken
from tests.server import Server

KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"}


def is_korean(text: str) -> bool:
    return any("가" <= c <= "힣" for c in text)


def names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_sentence_of_the_source_has_a_korean_one_with_the_same_names() -> None:
    templates = {template for template, _, _ in found(ROOT)}
    assert len(templates) > 150
    korean = words("ko").sentences
    assert templates <= korean.keys()
    for template in templates:
        translation = korean[template]
        assert names(translation) <= names(template), template
        assert is_korean(translation) or template.startswith("Value error"), template


def test_one_thing_has_one_korean_word() -> None:
    """노이즈, as the notes have it."""
    files = [path for folder in ("app", "trainer", "locale", "static", "templates") for path in (ROOT / folder).rglob("*")]
    told = [path for path in files if path.suffix in (".py", ".po", ".js", ".html", ".jinja") and "vendor" not in path.parts]
    assert len(told) > 200
    assert [path.name for path in told if "잡음" in path.read_text(encoding="utf-8")] == []


def test_a_sentence_is_found_again_with_all_that_stands_in_it() -> None:
    for template, file, _ in found(ROOT):
        if file == "pydantic" or "{" not in template:
            continue
        filled = template
        for i, name in enumerate(names(template)):
            filled = filled.replace("{" + name + "}", f"«{i}»")
        said = spoken(filled, "ko")
        assert said != filled, template
        assert is_korean(said), template
        assert spoken(filled, "en") == filled


@pytest.mark.parametrize(
    ("said", "korean"),
    [
        ("Input should be greater than or equal to 1", "1 이상이어야 합니다"),
        ("Value error, a run must end: give max_epochs or max_steps", "실행에는 끝이 있어야 합니다. max_epochs나 max_steps를 주세요"),
        (
            "the run has not ended, it is running; stop it, or wait for its end",
            "실행이 끝나지 않았습니다(running). 멈추거나 끝나기를 기다리세요",
        ),
        ("the run has ended (finished: all 40 steps are done); resume it, or start a new one", "40 스텝을 모두 마쳤습니다"),
        ("nobody has written such a sentence {x}", "nobody has written such a sentence {x}"),
        ("", ""),
    ],
)
def test_sentences_within_sentences_are_translated_too(said: str, korean: str) -> None:
    assert korean in spoken(said, "ko")


def test_a_long_text_that_fits_nothing_costs_little() -> None:
    assert spoken("; ".join(["there is no run x, it has: "] * 400), "ko").startswith("there is no run")


def post(server: Server, path: str, body: Any, korean: bool) -> dict[str, Any]:
    answer = server.client.post(f"/api/{path}", json=body, headers=KOREAN if korean else {})
    assert answer.status_code in (404, 409, 422)
    return dict(answer.json())


@pytest.mark.parametrize(
    ("spec", "loc", "english", "korean"),
    [
        ({"model": {"params": {"width": 0}}}, "model.params.width", "Input should be greater than or equal to 1", "1 이상이어야 합니다"),
        ({"data": {"nmae": "x"}}, "data.nmae", "there is no such field", "그런 항목은 없습니다"),
        ({"seed": "x"}, "seed", "Input should be a valid integer", "정수여야 합니다"),
        ({"init": {"name": "nope"}}, "init.name", "there is no init of that name", "그런 이름이 없습니다"),
        ({"model": {"params": {"depth": 10**6}}}, "model.params.depth", "less than or equal", "이하여야 합니다"),
        ({"model": {"params": {"wdith": 3}}}, "model.params.wdith", "there is no such parameter", "그런 매개변수는 없습니다"),
        ({"data": {"name": "sine"}, "loss": "cross_entropy"}, "loss", "sine is a regression", "sine: 회귀 데이터입니다"),
        ({"norm": "none"}, "norm", 'write {"name": "none"}', '다음처럼 쓰세요: {"name": "none"}'),
        ({"model": {"activation": "relu"}}, "model.activation", 'write {"name": "relu"}', '쓰세요: {"name": "relu"}'),
        ({"init": False}, "init", 'write {"name": "..."}', '쓰세요: {"name": "..."}'),
        ({"stop": 20}, "stop", "an object is wanted here", "객체가 필요합니다"),
        ({"norm": {"name": False}}, "norm.name", "no, off, yes or on, put the word in quotes", "따옴표 안에 적으세요"),
        ({"data": {"standardize": "yes"}}, "data.standardize", "true or false is wanted", "true 또는 false"),
        ({"data": {"name": "table"}}, "data.params.id", "choose an upload: a CSV", "업로드를 고르세요: CSV나 Parquet 파일"),
    ],
)
def test_a_spec_is_refused_in_either_language(server: Server, spec: dict[str, Any], loc: str, english: str, korean: str) -> None:
    told = [post(server, "runs", spec, asked) for asked in (False, True)]
    errors = [next(e for e in one["errors"] if e["loc"].startswith(loc)) for one in told]
    assert english in errors[0]["msg"]
    assert korean in errors[1]["msg"]
    assert (errors[0]["loc"], errors[0]["got"]) == (errors[1]["loc"], errors[1]["got"])
    assert korean in told[1]["detail"]
    assert not is_korean(told[0]["detail"])


def test_conflicts_uploads_and_ends_are_told_in_either_language(server: Server) -> None:
    run = server.post({"data": {"name": "moons"}, "stop": {"max_epochs": None, "max_steps": 20, "early": None}})["id"]
    server.wait(run)
    assert "the run has ended" in post(server, f"runs/{run}/control", {"action": "pause"}, False)["detail"]
    assert (
        "실행이 끝났습니다(finished: 20 스텝을 모두 마쳤습니다)" in post(server, f"runs/{run}/control", {"action": "pause"}, True)["detail"]
    )
    assert "이어 가려면 더 늘리세요" in post(server, f"runs/{run}/resume", {}, True)["detail"]
    assert "이 스텝에는 체크포인트가 없습니다" in post(server, f"runs/{run}/fork", {"at": 7, "changes": {}}, True)["detail"]
    assert "항목이 없습니다" in post(server, "runs/nobody/control", {"action": "pause"}, True)["detail"]
    assert server.get(run)["end_reason"] == "all 20 steps are done"
    assert server.client.get(f"/api/runs/{run}", headers=KOREAN).json()["end_reason"] == "20 스텝을 모두 마쳤습니다"
    assert server.client.get(f"/api/runs/{run}", headers={"Cookie": "lang=ko"}).json()["end_reason"] == "20 스텝을 모두 마쳤습니다"
    for korean, words_ in ((False, "line 3 has 1 values"), (True, "3번째 줄의 값은 1개인데")):
        files = {"file": ("x.csv", b"a,b\n1,2\n3\n")}
        answer = server.client.post("/api/datasets", files=files, headers=KOREAN if korean else {})
        assert answer.status_code == 422
        assert words_ in answer.json()["errors"][0]["msg"]
