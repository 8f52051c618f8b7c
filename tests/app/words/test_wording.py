"""Refusals in the visitor's language: every sentence has one in Korean, and what stands in it is put where it belongs."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from app.runs.active import exit_words
from app.settings import ROOT
from app.store import judgements, records
from app.words.i18n import sentences, words
from app.words.problems import Problem, of_trainer
from app.words.wording import spoken
from dynascope.messages import RunEnded
from dynascope.sentence import NAME, Sentence, keep, say
from tests.app.runs.test_odd_moments import House, at_home
from tests.app.sending import database, record
from tests.app.viewing import Viewer
from tests.server import Server
from tests.trainer.running import Steered, spec_of
from trainer.plan import PlanError
from trainer.spec import FieldError, RunSpec, words_of

KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"}


def is_korean(text: str) -> bool:
    return any("가" <= c <= "힣" for c in text)


def names(template: str) -> set[str]:
    return set(NAME.findall(template))


def test_every_sentence_of_the_source_has_a_korean_one_with_the_same_names() -> None:
    said = list(sentences())
    assert len({template for template, *_ in said}) > 200
    korean = words("ko").sentences
    for template, file, line, given in said:
        assert names(template) == given, f"{file}:{line}"
        translation = korean[template]
        assert names(translation) <= given, template
        values = {name: f"«{name}»" for name in given}
        sentence = Sentence(template, values)
        assert is_korean(translation) or names(translation) == {"error"}, template
        assert all(values[name] in spoken(sentence, "ko") for name in names(translation)), template
        assert spoken(sentence, "en") == sentence


def test_one_thing_has_one_korean_word() -> None:
    """노이즈, as the notes have it."""
    files = [path for folder in ("app", "trainer", "locale", "static", "templates") for path in (ROOT / folder).rglob("*")]
    told = [path for path in files if path.suffix in (".py", ".po", ".js", ".html", ".jinja") and "vendor" not in path.parts]
    assert len(told) > 200
    assert [path.name for path in told if "잡음" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("sentence", "korean"),
    [
        (say("all {step} steps are done", step="1,200"), "1,200 스텝을 모두 마쳤습니다"),
        (
            say("the run has not ended, it is {status}; {hint}", status="running", hint=say("stop it, or wait for its end")),
            "실행이 끝나지 않았습니다(running). 멈추거나 끝나기를 기다리세요",
        ),
        (say("{loc}: {msg}", loc="stop", msg=say("all {step} steps are done", step=3)), "stop: 3 스텝을 모두 마쳤습니다"),
        (say("nobody has translated {this}", this=say("text")), "nobody has translated 글자"),
        (say("text"), "글자"),
        ("text", "text"),
        ("all 3 steps are done", "all 3 steps are done"),
        ("", ""),
    ],
)
def test_a_sentence_is_told_with_all_that_stands_in_it_and_a_text_stays_as_it_is(sentence: str, korean: str) -> None:
    told = spoken(sentence, "ko")
    assert (told, type(told)) == (korean, str)
    assert spoken(sentence, "en") == sentence


class Many(BaseModel):
    above: int = Field(1, gt=0)
    least: float = Field(1.0, ge=0.00001)
    below: float = Field(1.0, lt=1e6)
    most: int = Field(1, le=10)
    by: int = Field(2, multiple_of=2)
    finite: float = Field(1.0, allow_inf_nan=False)
    whole: int = 1
    number: float = 1.0
    text: str = Field("a", min_length=1, max_length=3)
    long: str = Field("aa", min_length=2, max_length=2)
    pattern: str = Field("a", pattern="^a$")
    truth: bool = True
    several: list[int] = Field(default_factory=lambda: [1], min_length=1, max_length=2)
    one_of: Literal["a", "b"] = "a"
    strict: Annotated[int, Field(strict=True)] = 1
    nothing: None = None


@pytest.mark.parametrize(
    "given",
    [
        *({"above": 0}, {"least": 0}, {"below": 1e7}, {"most": 11}, {"by": 3}, {"finite": float("nan")}, {"whole": "x"}, {"whole": 1.5}),
        *({"whole": None}, {"number": "x"}, {"number": None}, {"text": ""}, {"text": "aaaa"}, {"long": "a"}, {"long": "aaa"}),
        *({"text": 3}, {"pattern": "b"}, {"truth": "x"}, {"several": []}, {"several": [1, 2, 3]}, {"several": 3}),
        *({"one_of": "c"}, {"strict": 1.5}, {"nothing": 3}, {"whole": "9" * 5000}),
    ],
)
def test_what_pydantic_refuses_is_told_in_korean_and_in_its_own_english(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Many.model_validate(given)
    (error,) = refused.value.errors()
    told = words_of(error)
    assert told == error["msg"]
    assert is_korean(spoken(told, "ko")), told
    assert is_korean(spoken(FieldError(loc="x", msg=told).msg, "ko"))


def test_what_a_validator_of_ours_refuses_is_told_in_korean() -> None:
    with pytest.raises(ValidationError) as refused:
        RunSpec.model_validate({"stop": {"max_epochs": None}})
    (error,) = refused.value.errors()
    told = words_of(error)
    assert told == error["msg"] == "Value error, a run must end: give max_epochs or max_steps"
    assert spoken(told, "ko") == "실행에는 끝이 있어야 합니다. max_epochs나 max_steps를 주세요"


def test_a_kind_of_error_that_nobody_knows_stays_in_english() -> None:
    assert words_of({"type": "nobody_knows", "loc": (), "msg": "Something else", "ctx": {"x": 1}}) == "Something else"
    assert words_of({"type": "greater_than", "loc": (), "msg": "Something else", "ctx": {"gt": 1}}) == "Something else"
    assert words_of({"type": "greater_than", "loc": (), "msg": "Something else"}) == "Something else"


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


def test_a_plans_warnings_are_told_in_either_language(server: Server) -> None:
    spec = {"data": {"name": "moons", "batch_size": 100_000}}
    told = [server.client.post("/api/plan", json=spec, headers=asked).json()["warnings"] for asked in ({}, KOREAN)]
    assert "is larger than the training set" in told[0][0]
    assert is_korean(told[1][0])
    assert "100000" in told[1][0]


def test_what_was_found_in_an_upload_is_told_in_either_language(server: Server) -> None:
    rows = "".join(f"{i},3,name{i},{i % 2}\n" for i in range(40))
    made = server.client.post("/api/datasets", files={"file": ("x.csv", f"a,still,who,y\n{rows}".encode())}, headers=KOREAN)
    assert made.status_code == 201, made.text
    path = f"/api/datasets/{made.json()['id']}"
    told = {asked: server.client.get(path, headers=KOREAN if asked else {}).json() for asked in (False, True)}
    assert told[True] == made.json()
    assert (told[False]["ignored"], told[True]["ignored"]) == ([{"column": "who", "why": "text"}], [{"column": "who", "why": "글자"}])
    assert told[False]["notes"] == ["column 'still' never varies"]
    assert "'still'" in told[True]["notes"][0]
    assert is_korean(told[True]["notes"][0])
    server.client.delete(path)
    missing = b"a,y\n" + b"1,0\n2,1\n" * 10 + b",1\n"
    answer = server.client.post("/api/datasets", files={"file": ("x.csv", missing)}, headers=KOREAN)
    assert answer.json()["errors"][0]["msg"].startswith("22번째 줄, 열 'a': 값이 없습니다")


def test_what_a_form_lacks_is_told_in_korean(server: Server) -> None:
    answer = server.client.post("/api/datasets", files={"other": ("x.csv", b"a")}, headers=KOREAN)
    assert answer.json()["errors"][0]["msg"] == "그런 항목은 없습니다. 있는 것: file, name, target, task"


def test_the_live_socket_tells_an_end_in_korean_when_it_comes_and_afterwards(server: Server) -> None:
    run = server.post({"data": {"name": "moons"}, "pace": 200, "stop": {"max_epochs": None, "max_steps": 100_000, "early": None}})["id"]
    viewer = Viewer(server, "ko")
    viewer.subscribe(run, "scalars")
    viewer.until(lambda v: len(v.steps()) > 2)
    server.control(run, "stop")
    viewer.until(lambda v: v.status() == "stopped")
    assert "사용자가" in viewer.events("status")[-1]["data"]["end_reason"]
    for lang, says in (("ko", "사용자가"), ("en", "stopped by the user")):
        later = Viewer(server, lang)
        later.subscribe(run, "scalars")
        later.until(lambda v: v.status() == "stopped")
        assert says in next(text["run"]["end_reason"] for text in later.texts if text["type"] == "snapshot")


def test_a_killed_worker_is_told_in_korean_with_the_hint_at_memory() -> None:
    words_ = exit_words(None, -9)
    assert words_.endswith("; the machine may be out of memory")
    told = spoken(words_, "ko")
    assert "SIGKILL" in told
    assert "memory" not in told


def test_a_cell_that_cant_be_run_and_a_study_that_was_cancelled_say_why_in_korean(server: Server) -> None:
    body = {"base": {"data": {"name": "moons"}, "pace": 1}, "axes": {"model.params.width": [0, 8]}, "seeds": 1}
    study = server.client.post("/api/studies", json=body, headers=KOREAN).json()
    path = f"/api/studies/{study['id']}"
    assert study["cells"][0]["refused"][0]["msg"] == "1 이상이어야 합니다"
    english = server.client.get(path).json()
    assert english["cells"][0]["refused"][0]["msg"] == "Input should be greater than or equal to 1"
    assert server.client.get(path, headers=KOREAN).json()["cells"][0] == study["cells"][0]
    cancelled = server.client.post(f"{path}/cancel", headers=KOREAN).json()
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "사용자가 취소했습니다")
    assert server.client.get(path).json()["reason"] == "cancelled by the user"
    run = english["cells"][1]["runs"][0]["run"] or cancelled["cells"][1]["runs"][0]["run"]
    if run is not None:  # its turn may not have come
        assert server.client.get(f"/api/runs/{run}", headers=KOREAN).json()["end_reason"] == "이 실행이 속한 연구를 취소했습니다"
    refused = server.client.post("/api/studies", json=body | {"axes": {"seed": [1, 2]}}, headers=KOREAN).json()
    assert refused["errors"][0]["msg"] == "축이 될 수 없습니다: 시드는 연구의 `seeds`로 주세요"
    server.client.delete(path)


def test_a_judgements_reason_is_told_in_korean(server: Server) -> None:
    assert server.client.post("/api/claims/E12/run", json={"quick": True}).status_code == 202
    assert server.client.post("/api/claims/E12/cancel").status_code == 200
    told = [server.client.get("/api/claims/E12", headers=asked).json()["judgements"][0]["reason"] for asked in ({}, KOREAN)]
    assert told == ["cancelled by the user", "사용자가 취소했습니다"]


def test_what_a_trainer_refuses_of_a_control_is_told_in_korean() -> None:
    steered = Steered(spec_of(100_000, pace=200))
    error = json.loads(json.dumps(steered.ask("set", model__params__depth=2).data["error"]))
    steered.ask("stop")
    steered.end()
    english, korean = (of_trainer(error).document(language) for language in ("en", "ko"))
    assert english["errors"][0]["msg"].startswith("can't change while a run goes on")
    assert is_korean(korean["errors"][0]["msg"])
    assert korean["detail"] == f"model.params.depth: {korean['errors'][0]['msg']}"


@pytest.mark.parametrize("kept", [None, [], 3, [3], [{"$sentence": ["other words", {}]}], [None, None, None]])
def test_a_trainer_that_keeps_no_sentences_or_wrong_ones_is_told_in_english(kept: Any) -> None:
    error = {"errors": [{"loc": "action", "msg": "is not one of pause", "got": "x"}], "sentences": kept}
    assert of_trainer(error).document("ko")["errors"] == [{"loc": "action", "msg": "is not one of pause", "got": "x"}]
    assert of_trainer({"errors": error["errors"]}).document("ko")["detail"] == "action: is not one of pause"


def test_a_plan_that_fails_in_a_run_is_told_in_korean_as_the_runs_end() -> None:
    refused = PlanError([FieldError(loc="loss", msg=say("{name} is a regression, which has no accuracy; use val/loss", name="sine"))])
    reason = say("{kind}: {error}", kind="PlanError", error=refused)
    assert reason == "PlanError: loss: sine is a regression, which has no accuracy; use val/loss"
    assert is_korean(spoken(reason, "ko"))


ENDS = [
    (say("all {step} steps are done", step=2), True),
    (say("{lost}; {reason}", lost=say("the process was asked to end"), reason=say("stopped by the user at step {step}", step=2)), True),
    ("all 2 steps are done", False),
]


@pytest.mark.parametrize(("reason", "known"), ENDS)
def test_an_end_is_told_in_korean_where_the_trainer_kept_its_sentence(tmp_path: Path, reason: str, known: bool) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        batch.message(lambda ids: RunEnded(**ids, status="finished", reason=str(reason), step=2, sentence=keep(reason)))
        await house.tell(batch)
        stored = (await house.stored(run))["end_reason"]
        assert stored == reason
        assert is_korean(spoken(stored, "ko")) == known
        assert (await house.anew().record(run))["end_reason"] == reason

    at_home(tmp_path, story)


@pytest.mark.parametrize("sentence", [3, "x", ["x"], {"$sentence": ["other words", {}]}, {"$sentence": ["{a}", {}]}, {"$sentence": 3}])
def test_an_end_with_a_malformed_sentence_is_told_by_its_text(tmp_path: Path, sentence: Any) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        batch.message(lambda ids: RunEnded(**ids, status="finished", reason="the end", step=2, sentence=sentence))
        await house.tell(batch)
        record = await house.stored(run)
        assert (record["status"], record["end_reason"], type(record["end_reason"])) == ("finished", "the end", str)

    at_home(tmp_path, story)


def test_a_run_that_waits_and_is_stopped_says_so_in_korean(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.begin()
        run = (await house.runs.create(RunSpec().model_dump()))[0]["id"]
        await house.runs.control(run, "stop", {})
        assert is_korean(spoken((await house.stored(run))["end_reason"], "ko"))
        with pytest.raises(Problem) as ended:
            await house.runs.control(run, "pause", {})
        assert is_korean(ended.value.document("ko")["detail"].partition("stopped: ")[2].partition(")")[0])

    at_home(tmp_path, story)


def test_rows_of_an_older_version_stay_in_english_and_a_text_without_a_sentence_loses_it(tmp_path: Path) -> None:
    with database(tmp_path) as store, store._writing.begin() as connection:
        records.add(connection, record("old", "finished") | {"end_reason": "all 3 steps are done"})
        held = records.one(connection, "old")
        assert held is not None
        assert spoken(held["end_reason"], "ko") == "all 3 steps are done"
        for reason in (say("all {step} steps are done", step=4), "by hand", None):
            records.change(connection, "old", {"end_reason": reason})
            held = records.one(connection, "old")
            assert held is not None
            assert (held["end_reason"], isinstance(held["end_reason"], Sentence)) == (reason, isinstance(reason, Sentence))
            assert "end_sentence" not in held


def test_what_was_going_on_when_the_server_ended_says_so_in_korean(tmp_path: Path) -> None:
    row = {
        "id": "j",
        "claim": "E1",
        "status": "running",
        "created": 1.0,
        "quick": True,
        "seeds": [],
        "founds": [],
        "runs": {},
        "version": "0",
    }
    with database(tmp_path) as store, store._writing.begin() as connection:
        judgements.add(connection, row)
        judgements.interrupt(connection)
        held = judgements.one(connection, "j")
        assert held is not None
        assert is_korean(spoken(held["reason"], "ko"))
