"""How soon the server answers, how small it stays, and how soon a run that is asked for shows its first point.

The peers: an interpreter that imports the web framework alone, interleaved with the server's starts; and the time that a
process of its own needs to import torch, which is what a run would wait for without the forkserver.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from websockets.sync.client import ClientConnection, connect

from benchmarks.rows import Row
from dynascope import stream
from tests.server import TOKEN, Server

STARTS, RUNS = 10, 10


def main() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [*_healthz(Path(folder)), *_first_point(Path(folder))]


def _healthz(folder: Path) -> list[Row]:
    Server(folder / "data").start().stop()  # the schema is made once, and files are in the page cache
    answered, bare = [], []
    for _ in range(STARTS):
        began = time.perf_counter()
        server = Server(folder / "data").start(ready=False)
        answered.append(time.perf_counter() - began)
        server.stop()
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import fastapi, uvicorn, sqlalchemy, numpy"], check=True)
        bare.append(time.perf_counter() - began)
    ratio = statistics.median(a / b for a, b in zip(answered, bare, strict=True))
    return [Row("/api/healthz answers, s (bar: 1.5)", _spread(answered), "importing its libraries alone", ratio)]


def _first_point(folder: Path) -> list[Row]:
    server = Server(folder / "warm").start()
    url = server.url.replace("http", "ws") + "/api/live"
    taken, imports = [], []
    for _ in range(RUNS):
        with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}, max_size=None) as socket:
            socket.recv()
            began = time.perf_counter()
            run = server.post({})["id"]
            socket.send(json.dumps({"type": "subscribe", "runs": [run], "streams": ["scalars"]}))
            _until_point(socket)
            taken.append(time.perf_counter() - began)
        server.wait(run)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch, torch._dynamo"], check=True)
        imports.append(time.perf_counter() - began)
    assert server.process is not None
    memory = psutil.Process(server.process.pid).memory_info().rss / 2**20
    server.stop()
    ratio = statistics.median(a / b for a, b in zip(taken, imports, strict=True))
    return [
        Row("POST /api/runs to the first point on the socket, s (bar: 0.3)", _spread(taken), "a process that imports torch", ratio),
        Row("the server's memory after that, MB (bar: 150)", f"{memory:.0f}"),
    ]


def _until_point(socket: ClientConnection) -> None:
    while True:
        message = socket.recv(timeout=30)
        if isinstance(message, bytes):
            header, _ = stream.parse(message)
            if header["type"] == "scalars" and any(s["name"] == "train/loss" for s in header["series"]):
                return


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    for row in main():
        print(row)
