"""Real parts: a real server with real trainers. Starting one takes seconds, so most tests share it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that do not kill it; each test looks at runs of its own."""
    shared = Server(tmp_path_factory.mktemp("shared") / "data").start()
    yield shared
    shared.stop()


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers that a test may kill."""
    made: list[Server] = []

    def make(**environment: str) -> Server:
        made.append(Server(tmp_path / f"data{len(made)}", **environment))
        return made[-1]

    yield make
    for server in made:
        server.stop()
