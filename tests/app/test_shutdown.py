"""A server that is told to end does so by the signal that told it, cleaned up and without a traceback, whatever it is doing."""

import json
import signal
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from tests.server import TOKEN, Server
from tests.waiting import until

#: What it may take at the longest: SQLite itself waits ten seconds for a lock.
BOUND = 60
ENDLESS: dict[str, Any] = {
    "data": {"name": "moons"},
    "pace": 50,
    "stop": {"max_epochs": None, "max_steps": 1_000_000, "early": None},
}


def going(server: Server) -> str:
    run = str(server.post(ENDLESS)["id"])
    server.until_step(run, 5, 60)
    return run


def asked(server: Server, stack: ExitStack, request: str, body: bytes = b"") -> socket.socket:
    """A request whose answer is not read."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    head = f"{request} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    connection.sendall(head.encode() + (body or b"\r\n"))
    return connection


def nothing(server: Server, stack: ExitStack) -> None:
    """It has just answered, and torch is being imported."""


def ready(server: Server, stack: ExitStack) -> None:
    server.until("readyz", 110)


def everything(server: Server, stack: ExitStack) -> None:
    """Runs, a study, an experiment; a viewer, an export that nobody reads, and one who waits for a run."""
    ready(server, stack)
    run = going(server)
    url = server.url.replace("http", "ws") + "/api/live"
    viewer = stack.enter_context(connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}, max_size=None))
    viewer.recv()
    viewer.send(json.dumps({"type": "subscribe", "runs": [run], "streams": ["scalars"], "topics": ["runs", "studies"]}))
    for format in ("html", "csv", "parquet", "tensorboard"):
        asked(server, stack, f"GET /api/runs/{run}/export?format={format}").recv(12)
    asked(server, stack, f"GET /api/runs/{run}/wait?timeout=3600")
    study = {"name": "x", "base": ENDLESS, "axes": {"penalty.l2": [0, 0.1]}, "seeds": 2}
    assert server.client.post("/api/studies", json=study).status_code == 201
    assert server.client.post("/api/claims/E8/run", json={"quick": True}).status_code == 202
    until(lambda: server.client.get("/api/slots").json()["running"] > 1, 60)


def uploading(server: Server, stack: ExitStack) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n'
    head = b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 10000000\r\n\r\n"
    asked(server, stack, "POST /api/datasets", head + part)
    until(lambda: list((server.data / "datasets").glob("*.upload.part")), 60)


def reading(server: Server, stack: ExitStack) -> None:
    """An upload whose reader takes for ever."""

    def send() -> None:
        with suppress(httpx.TransportError):
            httpx.post(
                f"{server.url}/api/datasets",
                headers={"Authorization": f"Bearer {TOKEN}"},
                files={"file": ("a.csv", b"a\n1\n")},
                timeout=BOUND,
            )

    sending = threading.Thread(target=send)
    sending.start()
    stack.callback(sending.join)
    assert server.process is not None
    readers = until(lambda: [p for p in psutil.Process(server.process.pid).children() if "app.data.reading" in p.cmdline()], 60)  # type: ignore[union-attr]
    readers[0].suspend()


def locked(server: Server, stack: ExitStack) -> None:
    ready(server, stack)
    going(server)
    database = sqlite3.connect(server.data / "dynascope.db", isolation_level=None)
    stack.callback(database.close)
    database.execute("BEGIN IMMEDIATE")


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("moment", "number", "times"),
    [
        (nothing, signal.SIGINT, 1),
        (nothing, signal.SIGTERM, 1),
        (everything, signal.SIGINT, 1),
        (everything, signal.SIGTERM, 2),
        (uploading, signal.SIGTERM, 2),
        (reading, signal.SIGINT, 1),
        (locked, signal.SIGTERM, 1),
    ],
)
def test_a_server_ends_by_the_signal_without_a_traceback(
    new_server: Callable[..., Server], moment: Callable[[Server, ExitStack], None], number: signal.Signals, times: int
) -> None:
    server = new_server(DYNASCOPE_SLOTS="4").start(ready=False)
    assert server.process is not None
    with ExitStack() as stack:
        moment(server, stack)
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(number)
        for _ in range(times - 1):
            until(lambda: "Shutting down" in server.log.read_text(), BOUND)
            server.process.send_signal(number)
        assert server.process.wait(BOUND) == -number
        _, left = psutil.wait_procs(children, BOUND)
        assert not left, [process.cmdline() for process in left]
    log = server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
    assert not (server.data / "server.json").exists()


def test_a_server_that_is_told_to_end_before_it_listens_ends_at_once(new_server: Callable[..., Server]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        server = new_server()
        process = server.launch()
        until(lambda server=server: (server.data / "lock").exists(), BOUND)  # type: ignore[misc]
        process.send_signal(number)
        assert process.wait(BOUND) == -number
        assert "Traceback" not in server.log.read_text()


def test_the_socket_that_forks_are_asked_for_at_is_not_left_behind(new_server: Callable[..., Server]) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:  # a socket's path has some hundred characters at most
        server = new_server(TMPDIR=temporary).start()
        server.stop()
        assert list(Path(temporary).glob("pymp-*")) == []
