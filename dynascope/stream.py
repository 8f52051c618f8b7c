"""Live data of a run for scripts: the decoded frames of `/api/live` (described in docs/live.md)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

DTYPES = {"float64": "<f8", "float32": "<f4", "uint32": "<u4", "uint16": "<u2"}
ENDED = ("finished", "stopped", "diverged", "failed", "interrupted")


def parse(frame: bytes) -> tuple[dict[str, Any], Any]:
    """`(header, view)` of a binary frame; `view(place)` gives an array in the frame without a copy."""
    length = int.from_bytes(frame[:4], "little")
    header = msgspec.json.decode(frame[4 : 4 + length])

    def view(place: Mapping[str, Any]) -> np.ndarray:
        return np.frombuffer(frame, DTYPES[place["dtype"]], place["length"], 4 + length + place["offset"])

    return header, view


def messages(url: str, token: str, run: str, streams: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every frame until the run has ended, with arrays in place of references; matrices have their shape. Raises websockets' errors."""
    from websockets.sync.client import connect  # imported here because the server doesn't need it

    address = url.replace("http", "ws", 1) + "/api/live"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with connect(address, additional_headers=headers, max_size=None, proxy=None) as socket:
        socket.send(json.dumps({"type": "subscribe", "runs": [run], "streams": list(streams)}))
        for frame in socket:
            message = json.loads(frame) if isinstance(frame, str) else _filled(*parse(frame))
            yield message
            if _is_last(message):
                return


def _filled(header: dict[str, Any], view: Any) -> dict[str, Any]:
    def put(node: Any) -> Any:
        if isinstance(node, dict):
            return view(node) if node.keys() == {"dtype", "offset", "length"} else {key: put(value) for key, value in node.items()}
        return [put(value) for value in node] if isinstance(node, list) else node

    message: dict[str, Any] = put(header)
    if message["type"] == "matrix":
        message["values"] = message["values"].reshape(message["shape"])
    return message


def _is_last(message: Mapping[str, Any]) -> bool:
    if message["type"] == "caught_up":
        return message["status"] in ENDED
    if message["type"] != "event":
        return False
    event = message["event"]
    return event["kind"] == "status" and event["data"].get("status") in ENDED
