"""The notes' experiments as a script meets them: over REST, from the command line, and as a report."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine

from app.exports.drawing import figure
from app.notes.claims import FIRST_SEED, SEEDS_A_RUN, Claims
from app.notes.outline import sections
from app.store import judgements as store
from app.store.database import Store
from app.store.schema import metadata
from app.words.problems import Problem
from dynascope.shell.claims import _median
from tests.app.api.test_scripted import shell
from tests.server import TOKEN, Server

#: Seconds that a quick experiment may take.
PATIENCE = 100


def claim(server: Server, id: str) -> dict[str, Any]:
    answer = server.client.get(f"/api/claims/{id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def until(server: Server, id: str, *statuses: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """The newest judgement, once its status is one of these."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        newest = dict(claim(server, id)["judgements"][0])
        if newest["status"] in statuses:
            return newest
        assert newest["status"] in ("queued", "running"), newest
        time.sleep(0.1)
    raise AssertionError(f"{id} not within {seconds} s: {newest['status']}")


def begin(server: Server, id: str, **body: Any) -> dict[str, Any]:
    answer = server.client.post(f"/api/claims/{id}/run", json={"quick": True} | body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def runs_of(server: Server, id: str) -> list[dict[str, Any]]:
    return list(server.client.get("/api/runs", params={"tag": f"claim:{id}", "limit": 100}).json()["items"])


def test_every_statement_and_every_experiment_is_listed_in_both_languages(server: Server) -> None:
    told = server.client.get("/api/claims").json()
    assert [item["experiment"]["id"] for item in told["items"]] == [f"E{n}" for n in range(1, 21)]
    assert [statement["number"] for statement in told["statements"]] == list(range(1, 78))
    known = {item["experiment"]["id"] for item in told["items"]}
    for statement in told["statements"]:
        assert set(statement["experiments"]) <= known
        assert (statement["answer"] is not None) == statement["question"]
        assert all(set(statement[name]) == {"en", "ko"} for name in ("section", "noted", "correct"))


def test_an_experiment_that_is_not_there_is_refused_with_those_that_are(server: Server) -> None:
    for answer in (server.client.get("/api/claims/E99"), server.client.post("/api/claims/E99/run", json={})):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert "E1, E2" in answer.json()["detail"]
        assert "E20" in answer.json()["detail"]


@pytest.mark.timeout(240)
def test_five_is_shown_by_two_seeds_and_by_each_of_their_runs(server: Server) -> None:
    begun = begin(server, "e5")
    assert server.client.post("/api/claims/E5/run", json={}).status_code == 409
    judged = until(server, "E5", "done", seconds=200)
    assert (judged["id"], judged["outcome"], judged["seeds"]) == (begun["id"], "shown", begun["seeds"])
    assert [found["passes"] for found in judged["founds"]] == [True, True]
    assert all(found["values"]["ratio"] >= 3 for found in judged["founds"])
    assert {curve["name"] for curve in judged["founds"][0]["curves"]} == {"batch", "none"}
    arms = claim(server, "E5")["experiment"]["arms"]
    for seed in judged["seeds"]:
        assert list(judged["runs"][str(seed)]) == arms
        assert server.get(judged["runs"][str(seed)][arms[0]])["spec"]["seed"] == seed
    assert claim(server, "E5")["times"] == 1
    assert claim(server, "E5")["standing"] == judged
    short = server.client.get("/api/claims/E5", params={"curves": False, "most": 1}).json()["judgements"][0]
    assert [found["curves"] for found in short["founds"]] == [[], []]
    assert judged["names"] == {}
    asked = {"Accept-Language": "ko"}
    korean = server.client.get("/api/claims/E5", params={"curves": False}, headers=asked).json()["standing"]["names"]
    assert (korean["none"], korean["batch, 0.1"], korean["largest, batch"]) == (
        "정규화 없음",
        "배치 정규화, 0.1",
        "가장 큰 값, 배치 정규화",
    )


def test_a_cancelled_experiment_stops_its_runs(server: Server) -> None:
    begin(server, "E12")
    until(server, "E12", "running")
    end = time.monotonic() + 30
    while not any(run["status"] == "running" for run in runs_of(server, "E12")):
        assert time.monotonic() < end
        time.sleep(0.05)
    answer = server.client.post("/api/claims/E12/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    ended = [server.wait(run["id"])["status"] for run in runs_of(server, "E12")]
    assert "stopped" in ended
    assert len(ended) < 2 * len(claim(server, "E12")["experiment"]["arms"])  # the others were not begun
    assert server.client.post("/api/claims/E12/cancel").status_code == 409


def test_of_several_who_start_an_experiment_at_once_one_does(tmp_path: Path) -> None:
    class Judge:
        async def ask(self, question: str, **_: Any) -> list[dict[str, Any]]:
            if question == "claim_specs":
                await asyncio.Event().wait()  # it goes on for ever
            return [{"id": "E1"}]

    async def answers() -> list[Any]:
        store = Store(f"sqlite:///{tmp_path / 'store.db'}")
        await store.open()
        hub: Any = SimpleNamespace(stir=lambda topic: None)
        settings: Any = SimpleNamespace(data=tmp_path)
        nobody: Any = None
        judge: Any = Judge()
        claims = Claims(settings, store, hub, nobody, nobody, judge)
        asked = [claims.start("E1", True, None) for _ in range(6)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        await claims.close()
        await store.close()
        return found

    found = asyncio.run(answers())
    assert sum(isinstance(one, dict) for one in found) == 1
    assert [one.status for one in found if isinstance(one, Problem)] == [409] * 5


def test_seeds_that_were_asked_for_are_not_taken_again(server: Server) -> None:
    used: set[int] = set()
    for seed in (None, FIRST_SEED + SEEDS_A_RUN, None, FIRST_SEED + 3 * SEEDS_A_RUN - 1, None, None):
        taken = set(begin(server, "E19", seed=seed)["seeds"])
        assert seed is not None or not taken & used
        used |= taken
        assert server.client.post("/api/claims/E19/cancel").status_code == 200


def test_an_arm_that_did_not_end_by_itself_is_not_measured(server: Server) -> None:
    begin(server, "E7")
    until(server, "E7", "running")
    end = time.monotonic() + 30
    while not (going := [run for run in runs_of(server, "E7") if run["status"] == "running"]):
        assert time.monotonic() < end
        time.sleep(0.02)
    stopped = going[0]
    server.control(stopped["id"], "stop")
    assert server.wait(stopped["id"])["status"] == "stopped"
    judged = until(server, "E7", "failed")
    arm = stopped["name"].removeprefix("E7, ").split(", seed")[0]
    for part in (repr(arm), stopped["id"], "stopped", server.get(stopped["id"])["end_reason"]):
        assert part in judged["reason"]
    korean = server.client.get("/api/claims/E7", headers={"Accept-Language": "ko"}).json()["judgements"][0]
    assert "잴 수 없습니다" in korean["reason"]
    assert stopped["id"] in korean["reason"]


def test_what_goes_on_when_the_server_ends_is_told_as_interrupted(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    begin(server, "E3")
    until(server, "E3", "running")
    server.kill()
    server.start()
    newest = claim(server, "E3")["judgements"][0]
    assert newest["status"] == "interrupted"
    assert "run it again" in newest["reason"]
    begun = begin(server, "E3")
    assert not set(begun["seeds"]) & set(newest["seeds"])  # other seeds than those that were seen
    assert server.client.post("/api/claims/E3/cancel").status_code == 200


def test_a_server_that_is_asked_to_end_does_not_begin_what_waits(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    for id in ("E7", "E5", "E20"):
        begin(server, id)
    until(server, "E7", "running")
    assert server.process is not None
    server.process.terminate()
    server.process.wait(20)  # raises where it goes on
    server.start(ready=False)
    assert {id: claim(server, id)["judgements"][0]["status"] for id in ("E7", "E5", "E20")} == dict.fromkeys(
        ("E7", "E5", "E20"), "interrupted"
    )
    server.stop()


@pytest.mark.timeout(240)
def test_the_command_line_runs_lists_and_reports(server: Server, tmp_path: Path) -> None:
    table = json.loads(shell(server, "claims", "run", "E8", "--quick", "--json").stdout)
    told = table["experiments"]
    assert [(one["id"], one["status"], one["outcome"], one["passed"], one["of"]) for one in told] == [("E8", "done", "shown", 2, 2)]
    assert [one["number"] for one in table["statements"]] == list(range(1, 78))
    assert table["statements"][38]["status"] == "imprecise"
    assert table["statements"][38]["experiments"] == [
        {"if_shown": "refutes", "id": "E8", "outcome": "shown", "quick": True, "passed": 2, "of": 2}
    ]
    listed = {one["id"]: one for one in json.loads(shell(server, "claims", "ls", "--json").stdout)["experiments"]}
    assert listed["E8"]["values"] == told[0]["values"]
    assert listed["E2"]["status"] == "never run"
    begin(server, "E8", quick=False)
    assert server.client.post("/api/claims/E8/cancel").status_code == 200
    table = json.loads(shell(server, "claims", "ls", "--json").stdout)
    row = next(one for one in table["experiments"] if one["id"] == "E8")
    assert (row["outcome"], row["quick"], row["passed"], row["of"]) == ("shown", True, 2, 2)
    assert (row["newest"]["status"], row["newest"]["outcome"], row["newest"]["of"]) == ("cancelled", None, 10)
    assert "newest:" in shell(server, "claims", "ls").stdout
    file = tmp_path / "report.html"
    shell(server, "claims", "report", "-o", str(file), "--lang", "ko")
    report = file.read_text()
    assert '<html lang="ko">' in report
    assert "확인됨" in report
    assert "2개 시드 중 2개 통과" in report
    assert 'data-figure="figure-E8"' in report
    assert "확인됨 (시드 2개)" in report


def test_the_report_is_one_file_that_asks_for_nothing(server: Server) -> None:
    answer = server.client.get("/api/claims/report", params={"lang": "en"})
    assert answer.headers["content-disposition"].startswith("attachment")
    text = answer.text
    assert "default-src 'none'" in text
    own = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"""<link|<img|<iframe|<script[^>]+src|url\(|@import""", own)
    assert TOKEN not in text
    for number in (1, 40, 77):
        assert f"<h3>{number} · " in text


@pytest.mark.parametrize(("language", "left", "said"), [("en", "bias²", "‖w‖ (right)"), ("ko", "편향²", "‖w‖ (오른쪽)")])
def test_the_report_draws_a_curve_of_other_units_on_its_own_axis(server: Server, language: str, left: str, said: str) -> None:
    experiment = claim(server, "E16")["experiment"]
    assert experiment["right_axis"] == {"label": {"en": "‖w‖", "ko": "‖w‖"}, "log": True}
    curves = [{"name": "bias²", "x": [1, 2], "y": [3, 4]}, {"name": "‖w‖", "x": [1, 2], "y": [30, 40], "right": True}]
    drawn = json.loads(figure(experiment, [{"seed": 1, "curves": curves}, {"seed": 2, "curves": curves}], language) or "")
    by_axis = {
        axis: {trace["name"] for trace in drawn["data"] if trace.get("yaxis", "y") == axis and "name" in trace} for axis in ("y", "y2")
    }
    assert by_axis == {"y": {left}, "y2": {said}}
    assert sum(trace.get("yaxis") == "y2" for trace in drawn["data"]) == 3
    right = drawn["layout"]["yaxis2"]
    assert (right["side"], right["overlaying"], right["type"], right["title"]["text"]) == ("right", "y", "log", "‖w‖")
    plain = json.loads(figure(claim(server, "E1")["experiment"], [{"seed": 1, "curves": curves[:1]}], language) or "")
    assert "yaxis2" not in plain["layout"]


def judgement(claim: str, created: float, status: str = "done", quick: bool = False, started: bool = True) -> dict[str, Any]:
    told = {"claim": claim, "status": status, "quick": quick, "created": created, "started": created if started else None}
    return told | {"id": f"{claim}-{created}", "seeds": [], "founds": [], "runs": {}, "outcome": "shown", "version": ""}


@pytest.mark.parametrize(
    ("rows", "standing"),
    [
        ([], None),
        ([judgement("E1", 1, "cancelled")], None),
        ([judgement("E1", 1), judgement("E1", 2)], 2),
        ([judgement("E1", 1), judgement("E1", 2, quick=True), judgement("E1", 3, "cancelled")], 1),
        ([judgement("E1", 1, quick=True), judgement("E1", 2, quick=True), judgement("E1", 3, "failed")], 2),
        ([judgement("E1", 1, "interrupted"), judgement("E1", 2, "running")], None),
    ],
)
def test_a_verdict_stands_whatever_was_looked_at_or_broken_off_after_it(rows: list[dict[str, Any]], standing: int | None) -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        for row in [*rows, judgement("E2", 9)]:
            store.add(connection, row)
        found = {one["created"] for claim, one in store.standing(connection).items() if claim == "E1"}
        assert found == ({standing} if standing else set())
        assert {one["created"] for one in store.standing(connection, "E1").values()} == found
        assert store.standing(connection)["E2"]["created"] == 9
        newest = {claim: one["created"] for claim, one in store.newest(connection).items()}
        assert newest == {"E2": 9} | ({"E1": len(rows)} if rows else {})


def test_what_was_cancelled_before_its_turn_is_not_counted() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        for row in (judgement("E1", 1), judgement("E1", 2, "cancelled", started=False), judgement("E2", 3, "queued", started=False)):
            store.add(connection, row)
        assert store.counts(connection) == {"E1": 1}


def test_a_median_of_two_lies_between_them() -> None:
    assert _median([1.0, None, 2.0]) == 1.5
    assert _median([None]) is None


def test_an_experiment_stands_once_behind_the_first_statement_that_names_it() -> None:
    told = [
        {"number": 1, "section": {"en": "A"}, "experiments": ["E1", "E2"]},
        {"number": 2, "section": {"en": "A"}, "experiments": ["E1"]},
        {"number": 3, "section": {"en": "B"}, "experiments": []},
    ]
    found = sections(told, [{"id": "E1"}, {"id": "E2"}, {"id": "E3"}])
    shown = [[one["id"] for one in s["shows"]] for part in found for s in part["statements"]]
    assert shown == [["E1", "E2"], [], []]
    assert [one["id"] for one in found[-1]["shows"]] == ["E3"]
