"""Below a path: a proxy may take it off or not, nothing is taken off twice, and no odd path leads around the guard."""

import asyncio
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Message

from app.address import Address, WrongAddress
from app.guard.prefix import Prefix, prefixes
from app.guard.security import OPEN, RUN_TOKEN
from app.main import create_app
from app.settings import Settings
from tests.app.guard.test_security import addresses
from tests.server import TOKEN

NAMES = {"api", "static", "notes", "runs", "studies"}
ME = {"Authorization": f"Bearer {TOKEN}"}
#: Goes with this process, as the applications do that are made in it: none of them is started.
FOLDER = TemporaryDirectory(prefix="dynascope-")
LOOP = asyncio.Runner()
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Answer(NamedTuple):
    status: int
    headers: Headers
    text: str


@cache
def below(public: str | None, max_body: int = 1 << 20) -> FastAPI:
    folder = Path(mkdtemp(dir=FOLDER.name))
    return create_app(Settings(data=folder, token=TOKEN, port=8000, public_url=public, max_body=max_body))


def ask(app: FastAPI, raw: str, kind: str = "http", method: str = "GET", host: str = "127.0.0.1:8000", **headers: str) -> Answer:
    """As a server hands a request on, with no client that would mend its path first. The app is not started: it has no database."""
    path, _, query = raw.partition("?")
    sent: list[Message] = []
    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }

    heard = iter([{"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        for message in heard:
            return message
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    LOOP.run(app(scope, receive, send))
    start = next(
        m for m in sent if m["type"].endswith("response.start") or m["type"] == "websocket.accept" or m["type"] == "websocket.close"
    )
    body = b"".join(m.get("body", b"") for m in sent if m["type"].endswith("response.body"))
    return Answer(start.get("status", 0), Headers(raw=start.get("headers", [])), body.decode())


@pytest.mark.parametrize(
    ("public", "path", "route"),
    [
        ("/dyna", "/dyna/runs", "/runs"),
        ("/dyna", "/runs", "/runs"),
        ("/dyna", "/dyna", "/"),
        ("/dyna", "/dyna/", "/"),
        ("/dyna", "/", "/"),
        ("/dyna", "/dynamo/runs", "/dynamo/runs"),
        ("/dyna", "/dyna/runs/", "/runs"),
        ("/dyna", "/dyna/dyna/runs", "/dyna/runs"),
        ("/x/x", "/x/x/runs", "/runs"),
        ("/x/x", "/x/runs", "/runs"),
        ("/x/x", "/runs", "/runs"),
        ("/x/x", "/x/x/x/runs", "/x/runs"),
        ("/x/x", "/x/x/x/x/runs", "/x/x/runs"),
        ("/team/dyna", "/dyna/runs", "/runs"),
        ("/team/dyna", "/team/runs", "/team/runs"),
        ("/team/runs", "/team/runs/runs", "/runs"),
        ("/team/runs", "/runs", "/runs"),
        ("/team/runs", "/runs/runs", "/runs/runs"),
        ("/연구실", "/연구실/api/runs", "/api/runs"),
        ("/dyna", "//dyna/runs", "//dyna/runs"),
        ("/dyna", "/DYNA/runs", "/DYNA/runs"),
        ("/dyna", "/dyna//runs", "//runs"),
        ("/dyna", "/./dyna/runs", "/./dyna/runs"),
        ("/dyna", "/dyna/../api/healthz", "/../api/healthz"),
        ("", "/runs", "/runs"),
        ("", "/runs/", "/runs"),
        ("", "/", "/"),
    ],
)
def test_the_prefix_is_taken_off_once_and_only_where_it_is(public: str, path: str, route: str) -> None:
    address = Address.of(f"http://x{public}")
    assert Prefix(FastAPI(), address.path, prefixes(address, NAMES)).route(path) == route


def test_a_prefix_that_begins_like_a_route_is_refused_for_every_route_that_there_is(tmp_path: Path) -> None:
    http, sockets = addresses(tmp_path)
    routes = below(None).routes
    scopes = [{"type": "http", "method": method, "path": path, "headers": []} for method, path in http]
    scopes += [{"type": "websocket", "path": path, "headers": []} for path in sockets]
    reached = [scope["path"] for scope in scopes if any(route.matches(scope)[0] != Match.NONE for route in routes)]
    assert len(reached) > 30
    assert {str(path).split("/")[1] for path in reached} - {""} == NAMES
    for top in NAMES:
        for rest in ("", "/dyna", f"/{top}"):
            with pytest.raises(WrongAddress, match=f"begins with /{top}, as paths of the server's own do; give another path"):
                prefixes(Address.of(f"http://x/{top}{rest}"), NAMES)
        with pytest.raises(WrongAddress):
            below(f"http://x/{top}")
    assert below("http://x/dyna/api/runs")


PIECES = [*NAMES, "healthz", "readyz", "ingest", "live", "dyna", "x", "", ".", "..", "%2e%2e", "%2F", "%5C", "%00", "docs", "연구실", "new"]
ODD = st.lists(st.sampled_from(PIECES) | st.text("/.%2fFe5cCax", max_size=4), max_size=8).map(lambda pieces: "/" + "/".join(pieces))


@given(path=ODD, kind=st.sampled_from(["http", "websocket"]))
def test_no_odd_path_leads_around_the_guard(path: str, kind: str) -> None:
    for address in (None, "http://x/dyna", "http://x/x/x", "http://x/dyna/api", "http://x/연구실/dyna"):
        app, public = below(address), Address.of(address or "http://x")
        route = Prefix(app, public.path, prefixes(public, NAMES)).route(unquote(path))
        answer = ask(app, quote(path, safe="/%"), kind, Origin="http://127.0.0.1:8000")
        if route not in OPEN | RUN_TOKEN:
            assert answer.status == 401, (public, path, answer)
        elif kind == "http":
            assert answer.status in (200, 404, 405, 503), (public, path, answer)  # the ingest socket is no page; there is no database


@pytest.mark.parametrize("before", ["", "/dyna"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_with_and_without_the_prefix_one_route_answers(before: str, kind: str) -> None:
    app = below("http://x/dyna")
    if kind == "websocket":
        assert ask(app, f"{before}/api/live", kind).status == 401
        return
    assert ask(app, f"{before}/api/healthz").status == 200
    icon = app.state.static.address("img/icon.svg").removeprefix("/dyna")
    assert ask(app, before + icon, **ME).headers["content-type"] == "image/svg+xml"
    assert ask(app, f"{before}/static/%2e%2e/pyproject.toml", **ME).status == 404
    assert 'data-root="/dyna/"' in ask(app, f"{before}/api/docs", **ME).text
    assert '"servers":[{"url":"/dyna"}]' in ask(app, f"{before}/api/openapi.json", **ME).text
    assert "there is no GET /nothing; " in ask(app, f"{before}/nothing/", **ME).text


def test_only_an_upload_may_be_large_below_a_prefix_too() -> None:
    app = below("http://x/dyna", max_body=1000)
    for before in ("", "/dyna"):
        assert ask(app, f"{before}/api/datasets", method="POST", Content_Length="2000", **ME).status == 415
        assert ask(app, f"{before}/api/runs", method="POST", Content_Length="2000", **ME).status == 413
    assert ask(app, "/dyna/dyna/api/datasets", method="POST", Content_Length="2000", **ME).status == 413


@pytest.mark.parametrize(
    ("at", "received", "clean"),
    [
        ("http://x/dyna/?token=T&lang=ko", "/", "http://x/dyna/?lang=ko"),
        ("http://x/dyna/?token=T", "/dyna/", "http://x/dyna/"),
        ("http://x/dyna?token=T", "/dyna", "http://x/dyna/"),
        ("http://x/dyna/studies/new?token=T", "/studies/new", "http://x/dyna/studies/new"),
        ("http://x/dyna/studies/new?token=T", "/dyna/studies/new", "http://x/dyna/studies/new"),
        ("http://x/dyna/notes/?token=T", "/notes/", "http://x/dyna/notes/"),
        ("http://x/dyna/http:evil.example?token=T", "/http:evil.example", "http://x/dyna/http%3Aevil.example"),
        ("http://x/dyna/%5Cevil.example?token=T", "/%5Cevil.example", "http://x/dyna/%5Cevil.example"),
        ("http://x/dyna/\\evil.example?token=T", "/\\evil.example", "http://x/dyna/%5Cevil.example"),
        ("http://x/dyna/%0d%0aSet-Cookie:%20a=b?token=T", "/%0d%0aSet-Cookie:%20a=b", "http://x/dyna/%0d%0aSet-Cookie%3A%20a%3Db"),
    ],
)
def test_a_token_is_exchanged_for_the_same_page_whatever_the_proxy_takes_off(at: str, received: str, clean: str) -> None:
    """The address is relative: nginx rewrites one with a host, and jupyter-server-proxy one that begins with a slash."""
    answer = ask(below("http://x/dyna"), f"{received}?{at.partition('?')[2].replace('T', TOKEN)}")
    location = answer.headers["location"]
    assert answer.status == 303
    assert location.startswith("./")
    assert urljoin(at, location) == clean


def cookie(public: str | None) -> tuple[str, set[str]]:
    name, _, rest = ask(below(public), f"/?token={TOKEN}").headers["set-cookie"].partition("=")
    return name, set(rest.lower().split("; ")[1:])


def test_two_servers_on_one_host_share_no_cookie() -> None:
    publics = ("http://x/a", "http://x/a/b", "http://x/b", "http://x:81/a", "https://x/a", None)
    names = [cookie(public)[0] for public in publics]
    assert len(set(names)) == len(names)
    assert names[-1] == "dynascope_8000"
    assert cookie("http://x/a/")[0] == names[0]


@pytest.mark.parametrize(("public", "path"), [("https://x/a/연구실", "path=/a/" + quote("연구실").lower()), ("https://x", "path=/")])
def test_a_cookie_is_sent_below_the_prefix_alone(public: str, path: str) -> None:
    attributes = cookie(public)[1]
    assert attributes >= {path, "httponly", "samesite=strict", "secure"}
    chosen = ask(below(public), "/api/docs?lang=ko", **ME).headers["set-cookie"]
    assert path in chosen.lower()


def lines(page: str) -> list[str]:
    return re.findall(r"<pre[^>]*>(.*)</pre>", page)


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        ({"host": "localhost:9000"}, "DYNASCOPE_PUBLIC_URL=http://localhost:9000 dynascope serve"),
        ({"host": "[::1]:9000"}, "DYNASCOPE_PUBLIC_URL=&#x27;http://[::1]:9000&#x27; dynascope serve"),
        ({"host": "Lab.example.org", "X_Forwarded_Proto": "https"}, "DYNASCOPE_PUBLIC_URL=https://lab.example.org dynascope serve"),
        (
            {"host": "lab.example.org", "X_Forwarded_Prefix": "/user/a/proxy/8000/"},
            "DYNASCOPE_PUBLIC_URL=http://lab.example.org/user/a/proxy/8000 dynascope serve",
        ),
        (
            {"host": "127.0.0.1:8000", "X_ProxyContextPath": "/user/a/proxy/8000", "X_Forwarded_Host": "lab.example.org"},
            "DYNASCOPE_PUBLIC_URL=http://lab.example.org/user/a/proxy/8000 dynascope serve",
        ),
        (
            {"host": "backend:80", "X_Forwarded_Host": "lab.example.org, backend"},
            "DYNASCOPE_PUBLIC_URL=http://lab.example.org DYNASCOPE_ALLOWED_HOSTS=backend:80 dynascope serve",
        ),
        ({"host": "lab.example.org", "X_Forwarded_Proto": "javascript"}, "DYNASCOPE_PUBLIC_URL=http://lab.example.org dynascope serve"),
        (
            {"host": "lab.example.org", "X_Forwarded_Context": "/$(id)"},
            "DYNASCOPE_PUBLIC_URL=&#x27;http://lab.example.org/$(id)&#x27; dynascope serve",
        ),
        (
            {"host": "lab.example.org", "X_Forwarded_Prefix": "/<b>'"},
            "DYNASCOPE_PUBLIC_URL=http://lab.example.org/%3Cb%3E%27 dynascope serve",
        ),
    ],
)
def test_a_browser_at_another_address_is_told_the_setting_that_helps(headers: dict[str, str], line: str) -> None:
    answer = ask(below(None), "/?token=x", **BROWSER, **headers)
    assert (answer.status, answer.headers["content-type"]) == (421, "text/html; charset=utf-8")
    assert lines(answer.text) == [line]
    assert "127.0.0.1:8000" in answer.text
    assert "주소에만 응답합니다" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "<script>alert(1)</script>"},
        {"host": "a" * 400},
        {"host": ""},
        {"host": "lab.example.org", "X_Forwarded_Prefix": "/" + "a" * 400},
        {"host": "lab.example.org", "X_Forwarded_Prefix": "//evil.example"},
        {"host": "lab.example.org", "X_Forwarded_Prefix": "@evil.example/"},
        {"host": "lab.example.org", "X_Forwarded_Host": "evil'><script>"},
    ],
)
def test_what_is_no_address_is_not_repeated(headers: dict[str, str]) -> None:
    answer = ask(below(None), "/", **BROWSER, **headers)
    assert answer.status == 421
    assert lines(answer.text) == []
    assert "DYNASCOPE_PUBLIC_URL" in answer.text
    assert not re.search("script|evil|aaaa", answer.text)


def test_the_line_that_the_page_gives_makes_the_server_answer_there() -> None:
    """A port forwarded by `ssh -L 9000:localhost:8000`."""
    there = {"host": "localhost:9000", **BROWSER}
    (line,) = lines(ask(below(None), f"/?token={TOKEN}", **there).text)
    found = re.fullmatch(r"DYNASCOPE_PUBLIC_URL=(\S+) dynascope serve", line)
    assert found
    assert ask(below(found[1]), f"/?token={TOKEN}", **there).status == 303
    assert ask(below(found[1]), f"/?token={TOKEN}", **{**there, "host": "127.0.0.1:8000"}).status == 303


@pytest.mark.parametrize("headers", [{"host": "localhost:9000"}, {"host": "localhost:9000", "Accept": "application/json"}])
def test_a_script_at_another_address_gets_a_problem_document(headers: dict[str, str]) -> None:
    answer = ask(below(None), "/api/runs", **ME, **headers)
    assert (answer.status, answer.headers["content-type"]) == (421, "application/problem+json")
    assert ask(below(None), "/api/live", "websocket", **ME, **headers).status == 421


def test_a_proxy_that_says_where_it_is_needs_no_other_hint_once_the_server_knows() -> None:
    """A chain of proxies names its own part alone."""
    headers = {**BROWSER, **ME, "X_Forwarded_Prefix": "/dyna"}
    assert ask(below("http://x/team/dyna"), "/api/docs", **headers).status == 200
    assert ask(below(None), "/notes", **headers).status == 421
    assert ask(below(None), "/api/docs", **{**headers, "X_Forwarded_Prefix": "/"}).status == 200
