"""Pages shown before access is given: that a token is needed, or that the server doesn't recognise this address as its own."""

import html
import re
import shlex
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from app.address import Address, WrongAddress

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Dynascope</title><body style="font:16px/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem;overflow-wrap:anywhere">
<h1 style="font-size:1.4rem">Dynascope</h1>{body}</body></html>"""

_SAID = """<p role="alert">{said}</p>
<p lang="ko" role="alert">{said_ko}</p>"""

_FORM = """
<form method="get"><label>Token 토큰 <input name="token" type="password" autocomplete="current-password" required autofocus
style="font:inherit;padding:.4rem"></label> <button style="font:inherit;padding:.4rem .8rem">Open 열기</button></form>"""

_LINE = """
<pre style="padding:.8rem;background:#8882;white-space:pre-wrap" tabindex="0">{line}</pre>"""

FIRST = (
    "Open the link that the server printed at its start, or enter the token from that link.",
    "서버를 시작할 때 출력된 링크를 열거나, 그 링크의 토큰을 아래에 넣으세요.",
)
WRONG = (
    "That token is not right. Open the link that the server printed at its start, or enter the token from that link.",
    "토큰이 맞지 않습니다. 서버를 시작할 때 출력된 링크를 열거나, 그 링크의 토큰을 아래에 넣으세요.",
)
_ELSEWHERE = (
    "You reached this server at {asked}, but it answers to {hosts} only. If you forwarded this port yourself (ssh -L), or set up "
    "a proxy at this address, start the server with this setting; otherwise close this page.",
    "이 서버에 {asked} 주소로 들어왔지만, 서버는 {hosts} 주소에만 응답합니다. 직접 포트를 포워딩했거나(ssh -L) 이 주소에 프록시를 "
    "두었다면 아래 설정으로 서버를 시작하세요. 그렇지 않다면 이 페이지를 닫으세요.",
)
_UNNAMED = (
    "You reached this server at an address that it does not know, and it answers to {hosts} only. Start it with "
    "DYNASCOPE_PUBLIC_URL, set to the address in your browser's address bar without what stands behind the path.",
    "이 서버가 모르는 주소로 들어왔습니다. 서버는 {hosts} 주소에만 응답합니다. 브라우저 주소창에 있는 주소에서 경로 뒤의 내용을 뺀 것을 "
    "DYNASCOPE_PUBLIC_URL에 넣어 서버를 시작하세요.",
)

#: Headers in which proxies name the path that they remove: first that of nginx and Traefik, then jupyter-server-proxy's.
_PREFIXES = ("x-forwarded-prefix", "x-forwarded-context", "x-proxycontextpath")
_HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
#: The most characters of a path or a host that are repeated.
_MOST = 300


def asked(said: tuple[str, str]) -> Response:
    """The page that asks for the token."""
    return HTMLResponse(_PAGE.format(body=_SAID.format(said=said[0], said_ko=said[1]) + _FORM), 401)


def forwarded_prefix(headers: Headers) -> str:
    """The path that a proxy says it removed, or ""."""
    named = next((value for name in _PREFIXES if (value := _first(headers, name))), "")
    return named.rstrip("/")


def misdirected(scope: Scope, hosts: Collection[str]) -> Response:
    """The page that names the address under which the server was reached, and the setting that allows it."""
    headers = Headers(scope=scope)
    public = _reached(headers, scope.get("scheme", "http"))
    said, body = (_ELSEWHERE, _LINE) if public else (_UNNAMED, "")
    words = {"asked": html.escape(str(public)), "hosts": html.escape(", ".join(sorted(hosts)))}
    body = _SAID.format(said=said[0].format(**words), said_ko=said[1].format(**words)) + body
    if public:
        settings = [f"DYNASCOPE_PUBLIC_URL={shlex.quote(str(public))}"]
        host = headers.get("host", "").lower()
        if _HOST.fullmatch(host) and host not in hosts and host not in (public.netloc, f"{public.host}:{public.port}"):
            settings.append(f"DYNASCOPE_ALLOWED_HOSTS={shlex.quote(host)}")  # the proxy's own name for this server
        body = body.format(line=html.escape(" ".join([*settings, "dynascope serve"])))
    return HTMLResponse(_PAGE.format(body=body), 421)


def _reached(headers: Headers, scheme: str) -> Address | None:
    """The address in the browser, as far as the request and the proxies' headers show it. It is trusted only for a hint."""
    forwarded = _first(headers, "x-forwarded-proto").lower()
    host = _first(headers, "x-forwarded-host") or headers.get("host", "")
    prefix = forwarded_prefix(headers)
    if not _HOST.fullmatch(host) or max(len(host), len(prefix)) > _MOST or prefix[:1] not in ("", "/"):
        return None
    try:
        return Address.of(f"{forwarded if forwarded in ('http', 'https') else scheme}://{host}{prefix}")
    except WrongAddress:
        return None


def _first(headers: Headers, name: str) -> str:
    """The first value of a header: each proxy in a chain appends its own, and the first proxy is the one that met the browser."""
    return headers.get(name, "").partition(",")[0].strip()
