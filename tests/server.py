"""A real server in a process of its own, as a user starts it, with a client that has its token."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "test-token-0123456789"
#: How long a trainer takes to answer is the machine's affair.
PATIENT = {"DYNASCOPE_CONTROL_TIMEOUT": "25"}
#: What is compressed once, for every server that the tests start.
SHARED = {"DYNASCOPE_CACHE": str(ROOT / ".cache" / "served")}
ENDED = ("finished", "stopped", "diverged", "failed", "interrupted")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Server:
    def __init__(
        self,
        data: Path,
        port: int | None = None,
        root: Path = ROOT,
        cwd: str | Path = "/",
        given_data: str | None = None,
        **environment: str,
    ) -> None:
        self.data, self.port, self.root, self.cwd = data, port or free_port(), root, cwd
        self.given_data = given_data or str(data)  # as it is said on the command line
        self.prefix: tuple[str, ...] = ()  # what it is started by
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = environment
        self.log = data / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)

    def start(self, ready: bool = True) -> "Server":
        """Returns when it answers; with `ready`, when runs start at once."""
        self.launch()
        self.until("healthz", 100)
        if ready:
            self.until("readyz", 110)
        return self

    def launch(self) -> subprocess.Popen[bytes]:
        """Returns at once."""
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "dynascope", "serve", "--port", str(self.port), "--data", self.given_data, "--token", TOKEN]
        environment = {**os.environ, "PYTHONPATH": str(self.root), **PATIENT, **SHARED, **self._environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*self.prefix, *command], cwd=self.cwd, env=environment, stdout=log, stderr=log)
        return self.process

    def refusal(self, path: str, seconds: float = 110) -> dict[str, Any]:
        """What a GET is refused with, once it is, by a reason that isn't that the server is still getting ready."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.client.get(path)
            if answer.status_code != 200 and "still being imported" not in answer.text:
                return dict(answer.json())
            time.sleep(0.05)
        raise AssertionError(f"{path} was not refused within {seconds} s")

    def until(self, what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.client.get(f"/api/{what}", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"{what} not within {seconds} s:\n{self.log.read_text()}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.client.close()

    def post(self, spec: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        answer = self.client.post("/api/runs", json=spec or {}, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def control(self, run: str, action: str, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"action": action}
        if changes:
            body["changes"] = {key.replace("__", "."): value for key, value in changes.items()}
        answer = self.client.post(f"/api/runs/{run}/control", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, run: str) -> dict[str, Any]:
        return dict(self.client.get(f"/api/runs/{run}").json())

    def wait(self, run: str, seconds: float = 60) -> dict[str, Any]:
        record = dict(self.client.get(f"/api/runs/{run}/wait", params={"timeout": seconds}, timeout=seconds + 10).json())
        assert record["status"] in ENDED, record
        return record

    def until_step(self, run: str, step: float, seconds: float = 30) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            record = self.get(run)
            if (record["step"] or 0) >= step:
                return record
            assert record["status"] not in ENDED, record
            time.sleep(0.02)
        raise AssertionError(f"step {step} not within {seconds} s: {record}")

    def points(self, run: str, name: str) -> tuple[list[float], list[float | None]]:
        """Every point of a series: steps and values."""
        answer = self.client.get(f"/api/runs/{run}/series", params={"names": name, "points": 0})
        assert answer.status_code == 200, answer.text
        series = answer.json()["series"]
        return (series[0]["step"], series[0]["last"]) if series else ([], [])
