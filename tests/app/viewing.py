"""A viewer in Python: what a page holds of a run, fed by the live socket alone."""

import json
import time
from typing import Any

from websockets.sync.client import ClientConnection, connect

from dynascope import stream
from tests.server import TOKEN, Server


class Viewer:
    def __init__(self, server: Server, lang: str = "en") -> None:
        url = server.url.replace("http", "ws") + f"/api/live?lang={lang}"
        self._held = connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}, max_size=None)
        self.socket: ClientConnection = self._held.__enter__()
        self.texts: list[dict[str, Any]] = []
        self.points: dict[str, list[tuple[float, float]]] = {}
        self.columns: dict[tuple[str, str], list[tuple[float, float, dict[int, int]]]] = {}
        self.attempt = self.seq = 0

    def subscribe(self, run: str, *streams: str, since: bool = False) -> None:
        message: dict[str, Any] = {"type": "subscribe", "runs": [run], "streams": list(streams)}
        if since:
            message["since"] = {run: {"attempt": self.attempt, "seq": self.seq}}
        self.socket.send(json.dumps(message))

    def until(self, done: Any, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not done(self):
            assert time.monotonic() < end, ([t["type"] for t in self.texts], {k: len(v) for k, v in self.points.items()})
            try:
                self.take(self.socket.recv(timeout=0.2))
            except TimeoutError:
                continue

    def take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.texts.append(json.loads(message))
            return
        header, view = stream.parse(message)
        self.attempt, self.seq = header["attempt"], header["seq"]
        if header["type"] == "scalars":
            for series in header["series"]:
                columns = series["columns"]
                values = view(columns["value" if series["width"] == 1 else "last"])
                self.points.setdefault(series["name"], []).extend(zip(view(columns["step"]), values, strict=True))
        else:
            arrays = {name: view(place) for name, place in header["arrays"].items()}
            for i, (low, high) in enumerate(zip(arrays["offsets"][:-1], arrays["offsets"][1:], strict=True)):
                counts = dict(zip(arrays["bins"][low:high].tolist(), arrays["counts"][low:high].tolist(), strict=True))
                self.columns.setdefault((header["kind"], header["layer"]), []).append((arrays["first"][i], arrays["last"][i], counts))

    def steps(self, name: str = "train/loss") -> list[float]:
        return [step for step, _ in self.points.get(name, [])]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [t["event"] for t in self.texts if t["type"] == "event" and t["event"]["kind"] == kind]

    def status(self) -> str | None:
        said = [e["data"]["status"] for e in self.events("status")]
        snapshots = [t["run"]["status"] for t in self.texts if t["type"] == "snapshot"]
        return (snapshots + said)[-1] if snapshots + said else None
