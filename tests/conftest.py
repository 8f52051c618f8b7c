"""Real parts: a real server with real trainers. Starting one takes seconds, so most tests share it."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.server import ROOT, Server

# What numba compiles, once for the processes of the tests and for every server that they start.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))

# How long an example takes is the machine's affair.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For what a module's tests look at and never change: a process that steals tests may come to a module twice."""
    shared = Server(tmp_path_factory.mktemp("shared") / "data").start()
    yield shared
    shared.stop()


@pytest.fixture(scope="module")
def server(shared_server: Server) -> Iterator[Server]:
    """One for all tests that do not kill it; each test looks at runs of its own. What a module leaves running would slow the others."""
    yield shared_server
    for study in shared_server.client.get("/api/studies", params={"limit": 200}).json()["items"]:
        if study["status"] == "running":
            shared_server.client.post(f"/api/studies/{study['id']}/cancel")
    for status in ("queued", "starting", "running", "paused"):
        for run in shared_server.client.get("/api/runs", params={"status": status, "limit": 200}).json()["items"]:
            shared_server.client.post(f"/api/runs/{run['id']}/control", json={"action": "stop"})  # it may have ended by itself


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers that a test may kill."""
    made: list[Server] = []

    def make(root: Path = ROOT, **environment: str) -> Server:
        made.append(Server(tmp_path / f"data{len(made)}", root=root, **environment))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make check` leaves out whatever needs a real server: one takes some ten seconds to be ready."""
    for item in items:
        if {"server", "new_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-must-run", action="store_true", help="fail where a test was skipped, xfailed or deselected")


LEFT_OUT = pytest.StashKey[int]()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        item.config.stash[LEFT_OUT] = item.config.stash.get(LEFT_OUT, 0) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each of the processes that run tests selects them, all the same ones; the process that reports hears of it here."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left out", 0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that did not run is a test that can't fail."""
    left_out = session.config.stash.get(LEFT_OUT, 0)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = left_out
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not session.config.getoption("--all-must-run") or reporter is None:
        return
    idle = {kind: len(found) for kind in ("skipped", "xfailed", "xpassed") if (found := reporter.stats.get(kind))}
    if left_out:
        idle["deselected"] = left_out
    if idle:
        reporter.write_line(f"tests that did not run: {idle}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
