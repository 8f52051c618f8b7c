"""Two people at once, one of whom deletes, cancels, forks and resumes what is under way: nothing breaks, nothing is left over."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest

from tests.server import ENDED, TOKEN, Server

ACTIONS = 30
SHORT = {"data": {"name": "moons"}, "model": {"params": {"depth": 1, "width": 8}}}
#: What may be said to who asks for what has just ended, is gone, or has no room; 503 where a paused run finds no slot free.
MEANT = (200, 201, 202, 204, 404, 409, 422, 429)
NO_SLOT = "no slot is free"


class Person:
    """Does one thing after the other to runs of its own and, with `bold`, to those of others too."""

    def __init__(self, server: Server, seed: int, bold: bool, pool: list[str]) -> None:
        self.random, self.bold, self.pool = random.Random(seed), bold, pool
        self.client = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=100)
        self.wrong: list[str] = []
        self.done: dict[str, int] = {}

    def act(self) -> None:
        try:
            for _ in range(ACTIONS):
                getattr(self, self.random.choice(self.BOLD if self.bold else self.CALM))()
        except Exception as error:  # noqa: BLE001  told by the test, which no thread can fail
            self.wrong.append(repr(error))

    def ask(self, method: str, path: str, **more: Any) -> Any:
        start = time.monotonic()
        answer = self.client.request(method, f"/api/{path}", **more)
        self.done[path.rsplit("/", 1)[-1] if method == "POST" else method] = answer.status_code
        if answer.status_code not in MEANT and not (answer.status_code == 503 and NO_SLOT in answer.text):
            self.wrong.append(f"{method} {path} {more}: {answer.status_code} after {time.monotonic() - start:.1f} s {answer.text[:300]}")
        return answer.json() if answer.status_code in (200, 201) and answer.content and "json" in answer.headers["content-type"] else None

    def one(self) -> str:
        return self.random.choice(self.pool) if self.pool else "0" * 16

    def start(self) -> None:
        endless = self.random.random() < 0.25
        stop = {"max_epochs": None, "max_steps": 1_000_000 if endless else self.random.randint(1, 60), "early": None}
        made = self.ask("POST", "runs", json=SHORT | {"stop": stop, "pace": 10 if endless else None, "seed": self.random.randint(0, 99)})
        if made:
            self.pool.append(made["id"])

    def look(self) -> None:
        run = self.one()
        for path in ("", "/layers", "/events", "/function", "/series?points=50", "/checkpoints"):
            self.ask("GET", f"runs/{run}{path}")
        format = self.random.choice(["csv", "parquet", "tensorboard", "tensorboard", "html"])
        try:
            self.ask("GET", f"runs/{run}/export", params={"format": format})
        except httpx.RemoteProtocolError:  # as is meant where somebody deletes the run meanwhile
            if self.client.get(f"/api/runs/{run}").status_code != 404:
                raise

    def steer(self) -> None:
        action = self.random.choice(["pause", "resume", "step", "stop", "checkpoint", "set"])
        body: dict[str, Any] = {"action": action}
        if action == "set":
            body["changes"] = {"penalty.l2": 0.001}
        self.ask("POST", f"runs/{self.one()}/control", json=body)

    def fork(self) -> None:
        made = self.ask("POST", f"runs/{self.one()}/fork", json={"at": "now", "changes": {"penalty.l2": 0.01}})
        if made:
            self.pool.append(made["id"])

    def resume(self) -> None:
        self.ask("POST", f"runs/{self.one()}/resume", json={"changes": {"stop.max_steps": 90}})

    def delete(self) -> None:
        self.ask("DELETE", f"runs/{self.one()}")

    def experiment(self) -> None:
        self.ask("POST", f"claims/{self.random.choice(['E8', 'E17'])}/run", json={"quick": True})

    def cancel(self) -> None:
        self.ask("POST", f"claims/{self.random.choice(['E8', 'E17'])}/cancel")

    CALM = ("start", "start", "look", "steer", "fork", "experiment")
    BOLD = ("start", "delete", "delete", "steer", "fork", "resume", "cancel", "look")


def until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def workers(server: Server) -> set[int]:
    assert server.process is not None
    return {child.pid for child in psutil.Process(server.process.pid).children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE}


@pytest.mark.timeout(240)
def test_a_crowd_leaves_nothing_behind(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="3", DYNASCOPE_CONTROL_TIMEOUT="60").start()  # how busy the machine is, is not asked here
    before = workers(server)
    pool: list[str] = []
    people = [Person(server, 1, False, pool), Person(server, 2, True, pool), Person(server, 3, True, pool)]
    threads = [threading.Thread(target=person.act) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
    for person in people:
        person.client.close()
    wrong = [wrong for person in people for wrong in person.wrong]
    assert not wrong, "\n".join(wrong)
    assert not any(thread.is_alive() for thread in threads)

    for claim in ("E8", "E17"):
        server.client.post(f"/api/claims/{claim}/cancel")
    runs = [run for page in (server.client.get("/api/runs", params={"limit": 200}).json(),) for run in page["items"]]
    for run in runs:
        if run["status"] not in ENDED:
            answer = server.client.post(f"/api/runs/{run['id']}/control", json={"action": "stop"})
            assert answer.status_code in (200, 409), answer.text

    def drained() -> bool:
        """A paused run holds no slot: that it was stopped, its status alone tells."""
        told = server.client.get("/api/slots").json()
        going = server.client.get("/api/runs", params={"status": "paused"}).json()["items"]
        return (told["running"], told["queued"], going) == (0, 0, [])

    assert until(drained, 40), server.client.get("/api/slots").json()
    left = server.client.get("/api/runs", params={"limit": 200}).json()["items"]
    assert {run["status"] for run in left} <= set(ENDED)
    assert {run["status"] for run in left} & {"failed"} == set(), [run["end_reason"] for run in left if run["status"] == "failed"]
    judges = 1  # the process that measures experiments may have begun meanwhile
    assert until(lambda: len(workers(server) - before) <= judges, 20), [psutil.Process(pid).cmdline() for pid in workers(server) - before]
    folders = {path.name for path in (server.data / "runs").iterdir()}
    kept = {run["id"] for run in left}
    assert until(lambda: {path.name for path in (server.data / "runs").iterdir()} <= kept, 10), folders - kept
    log = server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
    assert server.wait(server.post(SHORT | {"stop": {"max_epochs": None, "max_steps": 5, "early": None}})["id"])["status"] == "finished"


def test_a_command_reaches_a_run_that_is_only_starting(server: Server) -> None:
    """It waits for the trainer's connection, and must not be the first thing that is said on it."""
    for seed in range(5):
        run = server.post(SHORT | {"stop": {"max_epochs": None, "max_steps": 100_000, "early": None}, "pace": 100, "seed": seed})["id"]
        assert until(lambda run=run: server.get(run)["status"] != "queued", 20)  # type: ignore[misc]
        assert server.control(run, "pause")["status"] == "paused"
        assert server.control(run, "step")["status"] == "paused"
        server.control(run, "stop")
        assert server.wait(run)["status"] == "stopped"
