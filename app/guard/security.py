"""Default deny, for http and websocket alike: Host, Origin and a credential are checked before any route is reached.

A pure ASGI middleware, because a websocket does not pass through an http middleware.
"""

import asyncio
import hashlib
import hmac
import logging
import re
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.address import Address
from app.guard.asking import FIRST, WRONG, asked, forwarded_prefix, misdirected
from app.guard.prefix import here, route_path
from app.settings import Settings
from app.words.i18n import language_of
from app.words.problems import Problem
from dynascope.sentence import say

#: Paths that need no credential; Host and Origin are still checked.
OPEN = frozenset({"/api/healthz", "/api/readyz"})
#: Paths whose credential is a run's own token, which the route checks before it accepts.
RUN_TOKEN = frozenset({"/api/ingest"})
#: The request whose body may be a file, and the bytes that a form adds to the file.
UPLOAD, FORM = ("POST", "/api/datasets"), 64 << 10
#: Bytes of a body that are read and discarded after the answer: a client that is cut off while it sends may not get the answer.
LET_RUN_OUT = 64 << 20
#: Seconds that the body may stall.
LET_RUN_OUT_SECONDS = 1.0

#: The hash allows the empty <style> that Plotly makes and fills by script.
CSP = (
    "default-src 'none'; script-src 'self'; style-src-elem 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def cookie_name(port: int, public: Address) -> str:
    """Cookies ignore ports, and the cookie of `/a` is sent to `/a/b` too: two servers on one host must not share a name.

    Below a prefix, the name comes from the public address, because the port may be different at each start.
    """
    if not public.prefix:
        return f"dynascope_{port}"
    return "dynascope_" + hashlib.sha256(f"{public.port}{public.prefix}".encode()).hexdigest()[:16]


class Credentials:
    """The user's token and the cookie that stands for it."""

    def __init__(self, token: str, cookie_name: str) -> None:
        self._token, self.cookie_name = token, cookie_name
        self.cookie = hmac.new(token.encode(), b"dynascope session cookie", hashlib.sha256).hexdigest()

    def right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())

    def admits(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.right(token.strip()):
            return True
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(self.cookie_name)
        return found is not None and hmac.compare_digest(found.value.encode(), self.cookie.encode())


class Guard:
    def __init__(self, app: ASGIApp, settings: Settings, credentials: Credentials) -> None:
        self._app, self._credentials = app, credentials
        self._hosts, self._origins, self._prefix = settings.hosts(), settings.origins(), settings.prefix
        self._public = settings.public_url is not None
        self._max_body, self._max_upload = settings.max_body, settings.max_upload + FORM
        self._secure = settings.base_url().startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, self._limit(scope))
        send = _with_headers(send, body)
        refusal = self._refusal(scope)
        if refusal is not None:
            if isinstance(refusal, Problem):
                refusal = refusal.response(language_of(HTTPConnection(scope)))
            await _refuse(scope, receive, send, refusal)
        elif scope["type"] == "http":
            await self._app(scope, body.receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | Problem | None:
        headers, path = Headers(scope=scope), route_path(scope)
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        is_for_people = is_get and "text/html" in headers.get("accept", "")
        if headers.get("host", "").lower() not in self._hosts:
            if is_for_people:
                return misdirected(scope, self._hosts)
            allowed = ", ".join(sorted(self._hosts))
            return Problem(
                421,
                say(
                    "Host {host} is not this server's; it answers to {allowed}. See DYNASCOPE_ALLOWED_HOSTS.",
                    host=repr(headers.get("host", "")),
                    allowed=allowed,
                ),
            )
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            return Problem(
                403,
                say("Origin {origin} may not use this server. See DYNASCOPE_PUBLIC_URL and DYNASCOPE_ALLOWED_HOSTS.", origin=repr(origin)),
            )
        length = headers.get("content-length", "0")
        limit = self._limit(scope)
        if not length.isdecimal() or int(length) > limit:
            return Problem(413, say("the body has {length} bytes; {limit} are allowed", length=length, limit=limit))
        if path in OPEN or path in RUN_TOKEN:
            return None
        # Every page except the API's: requests from a browser's address bar.
        is_page = is_get and not path.startswith(("/api/", "/static/"))
        if is_page and is_for_people and not self._public and forwarded_prefix(headers):
            return misdirected(scope, self._hosts)  # a page would request its scripts outside the proxy's path
        if is_page and b"token=" in scope.get("query_string", b""):
            return self._exchange(scope)
        if self._credentials.admits(headers):
            return None
        if is_page and (path == "/" or is_for_people):
            return asked(FIRST)
        how = {"WWW-Authenticate": "Bearer"}
        return Problem(401, say("no valid credential: send 'Authorization: Bearer TOKEN', or open the page by its link first"), headers=how)

    def _limit(self, scope: Scope) -> int:
        """The limit of the body's size. An upload goes to disk as it arrives; every other body is held in memory."""
        return self._max_upload if (scope.get("method"), route_path(scope)) == UPLOAD else self._max_body

    def _exchange(self, scope: Scope) -> Response:
        """A page takes the token once, sets a cookie and redirects to the address without the token, on this host whatever the path is."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if not self._credentials.right(query.pop("token", [""])[0]):
            return asked(WRONG)
        answer = RedirectResponse(here(scope, urlencode(query, doseq=True)), 303)
        c, path = self._credentials, self._prefix or "/"
        answer.set_cookie(c.cookie_name, c.cookie, max_age=30 * 86400, path=path, httponly=True, samesite="strict", secure=self._secure)
        return answer


class _Body:
    """A request's body, counted while it arrives, because it may have no declared length."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "" if "transfer-encoding" in headers else "0")
        self._length = int(length) if length.isdecimal() else None
        self._receive, self.limit, self._seen, self._whole = receive, limit, 0, False

    async def receive(self) -> Message:
        message = await self._next()
        if self._seen > self.limit:
            raise HTTPException(413, say("the body has more than {limit} bytes", limit=self.limit))
        return message

    async def _next(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message

    async def runs_out(self) -> bool:
        """Whether the rest of the body ends within limits, so that the connection can be used again: a body may be endless."""
        if self._length is not None:
            return self._whole or self._length - self._seen <= LET_RUN_OUT
        most = self._seen + LET_RUN_OUT
        with suppress(TimeoutError):
            while not self._whole and self._seen < most:
                async with asyncio.timeout(LET_RUN_OUT_SECONDS):
                    await self._next()
        return self._whole


def _with_headers(send: Send, body: _Body) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if message["status"] >= 400 and not await body.runs_out():
                headers["Connection"] = "close"
        await send(message)

    return guarded


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: Response) -> None:
    if scope["type"] == "http":
        await refusal(scope, receive, send)
        return
    await receive()  # the websocket's handshake; it is answered as plain http
    start = {"type": "websocket.http.response.start", "status": refusal.status_code, "headers": refusal.raw_headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": refusal.body})


class RedactTokens(logging.Filter):
    """Removes tokens from every log line, whichever library writes it."""

    _token = re.compile(r"(token=)[^&\s\"']+|(Bearer\s+)\S+", re.IGNORECASE)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._clean(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(self._clean(arg) for arg in record.args)
        return True

    def _clean(self, value: Any) -> Any:
        return self._token.sub(lambda m: (m[1] or m[2]) + "***", value) if isinstance(value, str) else value
