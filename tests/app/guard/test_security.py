"""Default deny, proven by walking every route; exact Host and Origin; limits; no token in any log."""

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from app.guard.security import LET_RUN_OUT, OPEN, RUN_TOKEN, RedactTokens
from app.main import create_app
from app.settings import Settings
from tests.server import TOKEN, Server


def flat(routes: list[BaseRoute]) -> list[BaseRoute]:
    """Every route, whatever it is nested in."""
    found: list[BaseRoute] = []
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        found += flat(list(inner)) if inner and not isinstance(route, Mount) else [route]
    return found


def addresses(tmp_path: Path) -> tuple[set[tuple[str, str]], set[str]]:
    app = create_app(Settings(data=tmp_path / "data", token=TOKEN))
    http, sockets = set(), set()
    for path, operations in app.openapi()["paths"].items():
        http |= {(method.upper(), path) for method in operations}
    for route in flat(list(app.routes)):
        if isinstance(route, Mount):
            http.add(("GET", f"{route.path}/js/lab/lab.js"))
        elif isinstance(route, APIRoute | Route):
            http |= {(method, route.path) for method in route.methods or ()}
        elif isinstance(route, WebSocketRoute):
            sockets.add(route.path)
    return http, sockets


def _send_and_hear(socket: ClientConnection, text: str) -> None:
    socket.send(text)
    for _ in range(10):
        socket.recv(timeout=10)


def test_every_http_route_refuses_who_has_no_credential(server: Server, tmp_path: Path) -> None:
    http, _ = addresses(tmp_path)
    assert len(http) > 15
    for method, path in sorted(http):
        answer = httpx.request(method, server.url + re.sub(r"{[^}]*}", "x", path))
        expected = 200 if path in OPEN else 401
        assert answer.status_code in ((expected,) if method in ("GET", "HEAD", "POST", "PATCH", "DELETE") else (401, 405)), (method, path)


def test_a_path_that_is_no_route_is_denied_too(server: Server) -> None:
    assert httpx.get(f"{server.url}/nothing/here").status_code == 401
    assert httpx.get(f"{server.url}/static/../pyproject.toml").status_code == 401
    assert server.client.get("/nothing/here").status_code == 404
    assert server.client.get("/static/%2e%2e/pyproject.toml").status_code == 404


def test_any_page_takes_the_token_or_asks_for_it_in_both_languages(server: Server) -> None:
    with httpx.Client(base_url=server.url, headers={"Accept": "text/html,*/*", "Accept-Language": "ko"}) as browser:
        asked = browser.get("/notes")
        assert (asked.status_code, asked.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert "토큰" in asked.text
        assert "<form" in asked.text
        assert "토큰이 맞지 않습니다" in browser.get("/notes", params={"token": "wrong"}).text
        refused = browser.get("/api/runs")
        assert refused.headers["content-type"] == "application/problem+json"
        assert "유효한 자격 증명이 없습니다" in refused.json()["detail"]
        first = browser.get("/studies/new", params={"token": TOKEN, "lang": "ko"})
        assert (first.status_code, str(first.next_request.url)) == (303, f"{server.url}/studies/new?lang=ko")  # type: ignore[union-attr]
        assert browser.get("/notes").status_code == 200


@pytest.mark.parametrize("path", ["//evil.example/x", "/%5Cevil.example", "/%2F%2Fevil.example", "/%0d%0aSet-Cookie:%20a=b"])
def test_a_token_is_never_exchanged_towards_another_host(server: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:  # httpx would mend such a path
        raw.sendall(f"GET {path}?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b"")).decode()
    head = answer.split("\r\n\r\n")[0].splitlines()
    (location,) = [line.split(": ", 1)[1] for line in head if line.lower().startswith("location")]
    assert urljoin(server.url, location.replace("\\", "/")).startswith(f"{server.url}/")
    assert not any(line.lower().startswith("set-cookie: a=") for line in head)


def test_every_websocket_refuses_who_has_no_credential(server: Server, tmp_path: Path) -> None:
    _, sockets = addresses(tmp_path)
    assert sockets >= {"/api/live", "/api/ingest"}
    for path in sockets:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            with pytest.raises(InvalidStatus) as refusal, connect(server.url.replace("http", "ws") + path, additional_headers=headers):
                pass
            assert refusal.value.response.status_code in (401, 403), path


def test_the_users_token_does_not_open_the_ingest_socket(server: Server) -> None:
    (path,) = RUN_TOKEN
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with pytest.raises(InvalidStatus) as refusal, connect(server.url.replace("http", "ws") + path, additional_headers=headers):
        pass
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", ""])
def test_a_host_that_is_not_ours_is_refused_even_with_a_token(server: Server, host: str) -> None:
    answer = server.client.get("/api/runs", headers={"Host": host.format(port=server.port)})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:{port}.evil.example", "https://127.0.0.1:1"])
def test_an_origin_that_is_not_ours_is_refused_even_with_a_token(server: Server, origin: str) -> None:
    named = origin.format(port=server.port)
    assert server.client.get("/api/runs", headers={"Origin": named}).status_code == 403
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with pytest.raises(InvalidStatus), connect(server.url.replace("http", "ws") + "/api/live", additional_headers=headers, origin=named):  # type: ignore[arg-type]
        pass
    assert server.client.get("/api/runs", headers={"Origin": server.url}).status_code == 200


def test_the_page_takes_the_token_once_and_goes_on_at_the_clean_address(server: Server) -> None:
    with httpx.Client(base_url=server.url) as browser:
        first = browser.get("/", params={"token": TOKEN, "lang": "ko"})
        assert (first.status_code, str(first.next_request.url)) == (303, f"{server.url}/?lang=ko")  # type: ignore[union-attr]
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        page = browser.get("/")
        assert page.status_code == 200
        assert TOKEN not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe-eval" not in page.headers["content-security-policy"]
        assert browser.get("/api/runs").status_code == 200
    assert httpx.get(server.url, params={"token": "wrong"}).status_code == 401


def test_a_body_over_the_limit_is_refused_before_it_is_parsed(server: Server) -> None:
    large = b'{"name": "' + b"a" * (2 << 20) + b'"}'
    for content in (large, iter([large[:100], large[100:]])):
        answer = server.client.post("/api/runs", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413, answer.text
        assert "1048576" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/plan", "/api/datasets", "/api/no-such-route"])
def test_whoever_goes_on_sending_after_a_refusal_is_hung_up_on(server: Server, path: str) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="no such field"\r\n\r\n'
        while sent < 1 << 30:
            sent += 1 << 20
            yield bytes(1 << 20)

    with suppress(httpx.TransportError):
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert server.client.post(path, content=endless(), headers=headers).status_code in (404, 413, 415, 422)
    assert sent < LET_RUN_OUT + (32 << 20)


def test_who_sends_a_little_too_much_hears_why_and_the_connection_goes_on(server: Server) -> None:
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}) as one:
        for _ in range(3):
            answer = one.post("/api/plan", content=iter([b" " * (1 << 20)] * 8))
            assert answer.status_code == 413, answer.text
            assert "connection" not in answer.headers


def test_a_refused_body_that_stands_still_is_answered_all_the_same(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(f"POST /api/plan HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n".encode())
        heard = b""
        while piece := raw.recv(65536):
            heard += piece
    assert heard.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in heard.lower()


def test_a_frame_of_20_mib_closes_its_socket_alone(server: Server) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with connect(server.url.replace("http", "ws") + "/api/live", additional_headers=headers, max_size=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            _send_and_hear(socket, "x" * (20 << 20))
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    assert server.client.get("/api/healthz").status_code == 200


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"type":"subscribe","runs":"all"}', '{"type":"subscribe","runs":[],"x":1}', '{"type":"run","runs":[]}']
)
def test_a_message_that_is_not_understood_is_answered_and_the_socket_goes_on(server: Server, text: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with connect(server.url.replace("http", "ws") + "/api/live", additional_headers=headers) as socket:
        assert json.loads(socket.recv(timeout=5))["type"] == "hello"
        socket.send(text)
        answer = json.loads(socket.recv(timeout=5))
        assert (answer["type"], answer["errors"][0]["loc"]) == ("error", "message")
        socket.send('{"type":"subscribe","runs":["nowhere"]}')
        answer = json.loads(socket.recv(timeout=5))
        assert (answer["errors"][0]["loc"], answer["errors"][0]["got"]) == ("runs", ["nowhere"])
        assert json.loads(socket.recv(timeout=5))["type"] == "ack"


def test_no_token_reaches_the_log(server: Server) -> None:
    httpx.get(server.url, params={"token": "a-wrong-secret-one"})
    httpx.get(server.url, params={"token": TOKEN})
    text = server.log.read_text()
    after_start = text.split("slots", 1)[1]
    assert "token=***" in after_start
    assert TOKEN not in after_start
    assert "a-wrong-secret-one" not in text


def test_redaction_covers_messages_and_arguments() -> None:
    record = logging.LogRecord("x", 20, "", 0, '%s "%s" Authorization: Bearer abc', ("GET", "/?token=abc&lang=ko"), None)
    RedactTokens().filter(record)
    assert record.getMessage() == 'GET "/?token=***&lang=ko" Authorization: Bearer ***'
