"""What the server writes down of requests: what a page loads with, and what watchers ask again and again, only where it is wanted."""

import re
from collections.abc import Callable

from tests.server import TOKEN, Server


def asked(server: Server) -> str:
    """The log's lines of some requests."""
    page = server.client.get("/notes").text
    for path in (
        re.findall(r'"(/static/[^"]+)"', page)[0],
        "/static/none.js",
        "/api/healthz",
        "/api/readyz",
        "/api/slots",
        "/api/runs/none",
    ):
        server.client.get(path)
    server.client.get("/api/healthz", headers={"Host": "elsewhere"})
    return server.log.read_text()


def test_static_files_and_health_are_not_logged_unless_they_go_wrong(server: Server) -> None:
    log = asked(server)
    assert '"GET /api/slots HTTP/1.1" 200' in log
    assert '"GET /api/runs/none HTTP/1.1" 404' in log
    assert '"GET /static/none.js HTTP/1.1" 404' in log
    assert '"GET /api/healthz HTTP/1.1" 4' in log
    assert not re.search(r'"GET /static/\S+ HTTP/1.1" 200', log)
    assert '"GET /api/healthz HTTP/1.1" 200' not in log
    assert '"GET /api/readyz HTTP/1.1" 200' not in log


def test_a_log_for_debugging_has_them_and_no_token(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_LOG_LEVEL="DEBUG").start(ready=False)
    server.client.get("/", params={"token": TOKEN})
    log = asked(server)
    assert "DEBUG" in log
    assert re.search(r'"GET /static/\S+ HTTP/1.1" 200', log)
    assert '"GET /api/healthz HTTP/1.1" 200' in log
    assert TOKEN not in log


def test_a_quieter_log_has_no_requests(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_LOG_LEVEL="warning").start(ready=False)
    assert "GET" not in asked(server)
