"""The client against a small HTTP server that answers as Dynascope does, slowly, or not at all."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dynascope.client import Client, Refused, Run, Series, Study, waiting
from tests.server import free_port

RUN: dict[str, Any] = {"id": "r", "status": "running", "step": 3}
STUDY: dict[str, Any] = {"id": "s", "status": "running", "runs": {"ended": 0, "total": 2}}


@contextmanager
def serving(answer: Callable[[str, dict[str, list[str]]], tuple[int, Any]], port: int = 0) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            status, value = answer(url.path, parse_qs(url.query))
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def patient(path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
    """As the server does: at the end of what the question allows, and it goes on."""
    time.sleep(float(query["timeout"][0]))
    return 200, RUN if path.startswith("/api/runs") else STUDY


def waited_for(client: Client) -> list[Run | Study]:
    return [Run(client._http, RUN), Study(client._http, STUDY)]


@pytest.mark.parametrize("which", [0, 1])
def test_a_wait_may_be_longer_than_the_time_of_an_answer(monkeypatch: pytest.MonkeyPatch, which: int) -> None:
    monkeypatch.setattr(waiting, "RETRY", 0.01)
    asked: list[str] = []

    def answer(path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        asked.append(path)
        return patient(path, query)

    with serving(answer) as port, Client(f"http://127.0.0.1:{port}", timeout=0.3) as client:
        waits = waited_for(client)[which]
        with pytest.raises(TimeoutError, match=r"after 1 s"):
            waits.wait(timeout=1)
    assert len(asked) <= 2  # the second one where the first was answered a moment too early


@pytest.mark.parametrize("which", [0, 1])
def test_a_server_that_comes_back_is_waited_for(monkeypatch: pytest.MonkeyPatch, which: int) -> None:
    monkeypatch.setattr(waiting, "RETRY", 0.01)
    port, asked = free_port(), threading.Event()
    ended: list[str] = []

    def away(path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        asked.set()
        return 503, {"detail": "starting"}

    def back(path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        return 200, RUN | {"status": "finished"} if path.startswith("/api/runs") else STUDY | {"status": "done"}

    with Client(f"http://127.0.0.1:{port}") as client:  # nobody is there, then a proxy alone, then the server
        waiter = threading.Thread(target=lambda: ended.append(waited_for(client)[which].wait().status))
        waiter.start()
        with serving(away, port):
            assert asked.wait(30)
        with serving(back, port):
            waiter.join()
    assert ended == [("finished", "done")[which]]


def test_a_server_that_stays_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "RETRY", 0.01)
    with Client(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(TimeoutError, match=r"after 0\.1 s"):
            Run(client._http, RUN).wait(timeout=0.1)
        monkeypatch.setattr(waiting, "AWAY", 0.1)
        with pytest.raises(httpx.ConnectError):
            Run(client._http, RUN).wait()


def test_a_series_that_is_not_there_is_told_with_those_that_are() -> None:
    column = {"width": 1, "step": [0.0], "min": [1.0], "max": [1.0], "mean": [1.0], "last": [1.0], "nonfinite": [0]}

    def answer(path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        there = ("train/loss", "val/loss", "lr")
        return 200, {"series": [column | {"name": name} for name in query.get("names", there) if name in there]}

    with serving(answer) as port, Client(f"http://127.0.0.1:{port}") as client:
        run = Run(client._http, RUN)
        with pytest.raises(KeyError, match="there is no series 'train/los'; near it are: train/loss"):
            run.history("train/los")
        with pytest.raises(KeyError, match="of the 3 that there are: train/loss, val/loss, lr"):
            run.history("zzz")
        history = run.history()
        assert isinstance(history["lr"], Series)
        with pytest.raises(KeyError, match="of the 3 that there are"):
            history["zzz"]


def test_a_table_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with Client() as client:
        study = Study(client._http, STUDY | {"cells": []})
        for name, make in (("pandas", study.to_pandas), ("pyarrow", study.to_arrow)):
            monkeypatch.setitem(sys.modules, name, None)
            with pytest.raises(ImportError, match=rf"{name} is not installed: pip install 'dynascope\[tables\]'"):
                make()


@pytest.mark.parametrize("url", ["http://[::1", "127.0.0.1:8000", "ftp://here", "http://"])
def test_a_url_that_can_be_none_is_told_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is no server's URL"):
        Client(url)


def test_a_refusal_says_what_was_given_as_json_has_it() -> None:
    """Of one field as of several: what a YAML reader made of a word is not seen otherwise."""
    one = {"loc": "norm.name", "msg": "text is wanted", "got": False}
    assert str(Refused(422, "norm.name: text is wanted", [one])) == "norm.name: text is wanted (given: false)"
    assert str(Refused(422, "two", [one, one | {"got": "예"}])).splitlines()[1:] == [
        "  norm.name: text is wanted (given: false)",
        '  norm.name: text is wanted (given: "예")',
    ]
    assert str(Refused(404, "there is no run 'x'")) == "there is no run 'x'"
