"""One path for every route, whatever a proxy does with it: a proxy may keep the public address's path, remove it, or remove a part.

This happens first to each request, so access control and the routes see the same path.
"""

from collections.abc import Collection, Sequence
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from app.address import Address, WrongAddress


def prefixes(public: Address, names: Collection[str]) -> list[str]:
    """The prefixes that a proxy may have left before a route's path, the longest first, each decoded.

    `names` are the first segments of the server's own routes. A chain of proxies may remove only the first segments of the path;
    a rest that begins like a route is one. Raises WrongAddress if the whole path begins like a route: `/api/runs` would be
    both the route `/api/runs` after the prefix `/api` was removed, and the page `/runs` with the prefix still there.
    """
    segments = public.path.split("/")[1:]
    if segments and segments[0] in names:
        raise WrongAddress(
            f"{public} has a path that begins with /{segments[0]}, as paths of the server's own do; "
            f"give another path to the proxy and here, such as /dynascope"
        )
    return ["/" + "/".join(segments[i:]) for i in range(len(segments)) if segments[i] not in names]


class Prefix:
    """Sets `root_path` to the public address's path, and `path` to that plus the route's own path, as ASGI defines them."""

    def __init__(self, app: ASGIApp, root: str, prefixes: Sequence[str]) -> None:
        self._app, self._root, self._prefixes = app, root, prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "root_path": self._root, "path": self._root + self.route(scope["path"])}
        await self._app(scope, receive, send)

    def route(self, path: str) -> str:
        """The path without the prefix, which is removed once, and without a slash at its end."""
        for prefix in self._prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                path = path[len(prefix) :]
                break
        return path.removesuffix("/") or "/"


def route_path(scope: Scope) -> str:
    """The path of the route that a request asks for."""
    return str(scope["path"])[len(scope.get("root_path", "")) :]


def here(scope: Scope, query: str) -> str:
    """This request's own path with another query, relative to the URL that the browser asked for.

    A relative redirect works behind every proxy: some rewrite a Location with a host, others one that begins with a slash, and
    none a relative one. It contains no host, whatever the path is.
    """
    last = bytes(scope.get("raw_path") or quote(scope["path"]).encode()).rpartition(b"/")[2]
    at_prefix = last and route_path(scope) == "/"  # the prefix itself, without the slash that a browser needs there
    return "./" + quote(last, safe="%") + ("/" if at_prefix else "") + (f"?{query}" if query else "")
