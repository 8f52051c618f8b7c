"""Many runs stopped or deleted by one request, over REST, from Python and from a shell."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

import dynascope
from tests.app.runs.test_runs import SMALL, endless
from tests.server import TOKEN, Server


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With one slot, which a run that never ends holds: whatever else is asked for waits."""
    server = Server(tmp_path_factory.mktemp("narrow") / "data", DYNASCOPE_SLOTS="1").start()
    yield server
    server.stop()


@pytest.fixture
def holder(narrow: Server) -> Iterator[str]:
    """It holds the slot and takes no time: its process sleeps until it is woken."""
    id = narrow.post(endless(None) | {"name": "holder"})["id"]
    pid = narrow.until_step(id, 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    yield id
    wake(narrow, id)
    narrow.client.delete(f"/api/runs/{id}")


def wake(server: Server, id: str) -> None:
    with contextlib.suppress(ProcessLookupError, KeyError):
        os.kill(server.get(id)["pid"], signal.SIGCONT)


def waiting(server: Server, count: int, **more: Any) -> list[str]:
    return [server.post(endless(None) | {"name": f"waits {i}"} | more)["id"] for i in range(count)]


def bulk(server: Server, action: str, ids: list[str]) -> dict[str, Any]:
    answer = server.client.post("/api/runs/bulk", json={"action": action, "ids": ids})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def shell(server: Server, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"DYNASCOPE_URL": server.url, "DYNASCOPE_TOKEN": TOKEN}
    command = [sys.executable, "-m", "dynascope", *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, input=text)


def test_runs_that_wait_are_stopped_and_deleted_in_one_transaction_and_never_start(narrow: Server, holder: str) -> None:
    ids = waiting(narrow, 60, tags=["many"])
    first, second = ids[:30], ids[30:]
    began = time.monotonic()
    alone = narrow.client.delete(f"/api/runs/{narrow.post(endless(None))['id']}")
    one = time.monotonic() - began
    assert alone.status_code == 204

    began = time.monotonic()
    stopped = bulk(narrow, "stop", first)
    deleted = bulk(narrow, "delete", second)
    assert time.monotonic() - began < 25 * one  # one by one they would take sixty times as long
    assert (stopped, deleted) == ({"done": first, "refused": []}, {"done": second, "refused": []})
    assert narrow.client.get("/api/slots").json()["queued"] == 0
    assert narrow.client.get("/api/runs/ids", params={"tag": "many"}).json()["ids"] == first[::-1]
    record = narrow.get(first[0])
    assert (record["status"], record["end_reason"], record["can_resume"]) == ("stopped", "stopped before it started", True)
    assert record["ended"] >= record["created"]
    wake(narrow, holder)
    narrow.client.delete(f"/api/runs/{holder}")  # its slot is free now
    time.sleep(0.5)
    assert narrow.client.get("/api/slots").json()["running"] == 0
    assert narrow.get(first[0])["status"] == "stopped"
    assert bulk(narrow, "delete", first)["done"] == first
    assert not any((narrow.data / "runs" / id).exists() for id in ids)


def test_what_can_not_be_done_to_one_run_is_told_and_done_to_the_others(narrow: Server, holder: str) -> None:
    queued, gone = waiting(narrow, 1)[0], "f" * 16
    wake(narrow, holder)
    answer = narrow.client.post(
        "/api/runs/bulk", json={"action": "stop", "ids": [holder, gone, queued, queued]}, headers={"Accept-Language": "ko"}
    )
    assert sorted(answer.json()["done"]) == sorted([holder, queued])
    (refused,) = answer.json()["refused"]
    assert (refused["id"], refused["status"]) == (gone, 404)
    assert "실행" in refused["detail"]
    assert narrow.wait(holder)["status"] == "stopped"
    (ended,) = bulk(narrow, "stop", [queued])["refused"]
    assert ended["status"] == 409
    assert "has ended" in ended["detail"]
    going = narrow.post(endless(None))["id"]
    narrow.until_step(going, 1)
    deleted = bulk(narrow, "delete", [going, holder, gone, queued])
    assert sorted(deleted["done"]) == sorted([going, holder, queued])
    assert [one["id"] for one in deleted["refused"]] == [gone]
    for wrong in ({"ids": []}, {"ids": [str(i) for i in range(101)]}, {"ids": ["../x"]}, {"ids": [gone], "action": "pause"}):
        assert narrow.client.post("/api/runs/bulk", json={"action": "stop"} | wrong).status_code == 422
    assert narrow.client.post("/api/runs/bulk", json={}, headers={"Authorization": ""}).status_code == 401


def test_a_run_that_waits_to_go_on_is_stopped_where_it_was(narrow: Server, holder: str) -> None:
    """The second attempt has not begun; the first one's end and newest values stay."""
    made = narrow.post(endless(None))["id"]
    wake(narrow, holder)
    narrow.control(holder, "stop")
    narrow.until_step(made, 20)
    narrow.control(made, "stop")
    narrow.wait(made)
    blocker = narrow.post(endless(None))["id"]
    narrow.until_step(blocker, 1)
    assert narrow.client.post(f"/api/runs/{made}/resume", json={}).json()["status"] == "queued"
    before = narrow.get(made)
    assert before["step"] > 0
    assert bulk(narrow, "stop", [made])["done"] == [made]
    after = narrow.get(made)
    assert (after["status"], after["attempt"], after["step"], after["latest"]) == ("stopped", 2, before["step"], before["latest"])
    bulk(narrow, "delete", [made, blocker])


def test_runs_are_chosen_stopped_and_deleted_from_a_shell(narrow: Server, holder: str) -> None:
    ids = waiting(narrow, 3, tags=["shell"])
    other = waiting(narrow, 1)[0]
    assert json.loads(shell(narrow, "stop", "--status", "queued", "--tag", "shell", "--json").stdout) == {"done": ids[::-1], "refused": []}
    assert narrow.get(other)["status"] == "queued"
    again = shell(narrow, "stop", ids[0], other)
    assert (again.returncode, again.stdout) == (1, "1 stopped\n")
    assert f"{ids[0]}: the run has ended" in again.stderr
    asked = shell(narrow, "rm", "--tag", "shell")
    assert asked.returncode == 2
    assert "this would delete 3 runs, and nobody is there to ask: give --yes" in asked.stderr
    assert narrow.get(ids[0])["status"] == "stopped"
    assert shell(narrow, "rm", other).stdout == "1 deleted\n"
    assert shell(narrow, "rm", "--tag", "shell", "--yes").stdout == "3 deleted\n"
    assert shell(narrow, "rm", "--tag", "shell", "--yes").stdout == "no run is like that\n"
    assert "there is no run" in shell(narrow, "rm", ids[0]).stderr
    for wrong, words in (
        (["stop"], "nothing is chosen"),
        (["rm", ids[0], "--all"], "exclude one another"),
        (["stop", "--status", "finished"], "a run that is finished has ended"),
        (["rm", "--status", "done"], "'done' is no status"),
    ):
        ended = shell(narrow, *wrong)
        assert (ended.returncode, words in ended.stderr) == (2, True), ended.stderr


def test_a_client_stops_and_deletes_many(narrow: Server, holder: str) -> None:
    ids = waiting(narrow, 3, tags=["client"])
    with dynascope.Client(narrow.url, TOKEN) as client:
        assert client.run_ids(tag="client") == ids[::-1]
        assert client.run(ids[0]).stop()["status"] == "stopped"
        assert client.bulk("delete", ids)["done"]
        assert client.run_ids(tag="client") == []
        finished = client.start(SMALL)
        wake(narrow, holder)
        client.run(holder).stop()
        assert finished.wait(60).status == "finished"
        finished.delete()
