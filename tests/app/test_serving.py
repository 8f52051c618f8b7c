"""What the server needs before it serves, and what it says without: its socket, its token, its data folder, its disk."""

import asyncio
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.serving import _bind
from app.settings import Settings
from tests.loops import in_loop
from tests.server import ROOT, Server


async def nodelay(listener: socket.socket) -> int:
    """What an accepted connection has for TCP_NODELAY, under asyncio as uvicorn uses it."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            found.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async with await asyncio.get_running_loop().create_server(Accepted, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        told = await found
        writer.close()
    return told


def test_a_small_answer_waits_for_no_acknowledgement() -> None:
    assert in_loop(nodelay(_bind("127.0.0.1", 0))) == 1


def test_a_token_is_made_once_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "token.part").write_text("half a tok")  # of a server that was killed while it wrote
    made = Settings(data=tmp_path).secret()
    assert len(made) >= 24
    assert Settings(data=tmp_path).secret() == made
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("held", ["", "\n", "abc"])
def test_a_token_that_anyone_could_guess_opens_nothing(tmp_path: Path, held: str) -> None:
    (tmp_path / "token").write_text(held)
    with pytest.raises(ValueError, match="4 are needed; delete the file"):
        Settings(data=tmp_path).secret()


@pytest.mark.parametrize(
    ("given", "host", "origin"),
    [
        ({"port": 80}, "localhost", "http://localhost"),
        ({"port": 80, "host": "0.0.0.0", "allowed_hosts": "lab.example:80"}, "lab.example", "http://lab.example"),
        ({"public_url": "https://lab.example:443"}, "lab.example", "https://lab.example"),
        ({"public_url": "https://lab.example"}, "lab.example", "https://lab.example"),
        ({"public_url": "https://lab.example:8443"}, "lab.example:8443", "https://lab.example:8443"),
    ],
)
def test_a_host_is_right_as_a_browser_names_it(given: dict[str, object], host: str, origin: str) -> None:
    settings = Settings(**given)  # type: ignore[arg-type]
    assert host in settings.hosts()
    assert origin in settings.origins()


def test_no_port_is_left_out_but_a_schemes_own() -> None:
    assert not {"localhost", "127.0.0.1"} & Settings(port=8080).hosts()


@pytest.mark.server
def test_a_data_folder_that_is_none_is_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    ended = subprocess.run(
        [sys.executable, "-m", "dynascope", "serve", "--port", "0", "--data", file], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "can't be used" in ended.stderr
    assert "give --data another folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_full_disk_is_told_and_nothing_is_lost(new_server: Callable[..., Server]) -> None:
    """No file of the server may grow, and then again; its run's trainer keeps what it can't send."""
    server = new_server(DYNASCOPE_SLOTS="2").start()
    run = server.post({"pace": 100, "stop": {"max_epochs": None, "max_steps": 400, "early": None}})["id"]
    server.until_step(run, 20)
    assert server.process is not None
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    refused = server.client.post("/api/runs", json={}, headers={"Accept-Language": "ko"})
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert "데이터베이스를 쓸 수 없습니다" in refused.json()["detail"]
    time.sleep(1.1)  # for a second the last write that went well tells that others will
    assert server.client.get("/api/readyz").status_code == 503
    assert server.client.get("/api/healthz").status_code == 200
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
    server.until("readyz", 10)
    assert server.wait(run)["status"] == "finished"
    assert server.points(run, "train/loss")[0] == list(range(400))
    assert "Traceback" not in server.log.read_text()
