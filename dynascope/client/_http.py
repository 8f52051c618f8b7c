"""HTTP between the client and a server: requests, answers and refusals."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx


class Refused(Exception):
    """The server refused a request: `status`, and `errors` with `loc`, `msg` and `got` for each wrong field."""

    def __init__(self, status: int, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        given = [f"(given: {json.dumps(e.get('got'), ensure_ascii=False, default=str)})" for e in errors]
        lines = [f"  {e['loc']}: {e['msg']} {got}" for e, got in zip(errors, given, strict=True)]
        super().__init__("\n".join([detail, *lines]) if len(lines) > 1 else " ".join([detail, *given]))
        self.status, self.detail, self.errors = status, detail, list(errors)


class Transport:
    """`url` and `token` default to DYNASCOPE_URL and DYNASCOPE_TOKEN; `timeout` is in seconds per answer.

    Raises ValueError if the URL or the token is not valid.
    """

    def __init__(self, url: str | None = None, token: str | None = None, timeout: float = 60.0) -> None:
        self.url = (url or os.environ.get("DYNASCOPE_URL") or "http://127.0.0.1:8000").rstrip("/")
        token = token or os.environ.get("DYNASCOPE_TOKEN") or ""
        _check_url(self.url)
        if not (token.isascii() and token.isprintable()):
            raise ValueError(f"the token {token!r} can't be one: a token is printable ASCII; give the one that the server printed")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.token, self.timeout = token, timeout
        self._http = httpx.Client(base_url=f"{self.url}/api", headers=headers, timeout=timeout, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON; its text if it is not JSON; None if it has no body. Raises Refused or httpx.TransportError."""
        answer = self._http.request(method, path, **request)
        if answer.is_error:
            raise _refusal(answer)
        if not answer.content:
            return None
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def stream_bytes(self, path: str, query: dict[str, Any]) -> Iterator[bytes]:
        with self._http.stream("GET", path, params=query) as answer:
            if answer.is_error:
                answer.read()
                raise _refusal(answer)
            yield from answer.iter_bytes()

    def listed(self, path: str, query: Mapping[str, Any], most: int) -> Iterator[dict[str, Any]]:
        """The items of a list, at most `most` of them. A page is requested when the pages before it have been read."""
        query = {**query, "limit": min(most, 200)}
        while most > 0:
            page = self.ask("GET", path, params=query)
            yield from page["items"][:most]
            most -= len(page["items"])
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create something. If the answer is lost, the request is sent again with the same key, and the server creates it only once."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        try:
            return dict(self.ask("POST", path, json=body, headers=key))
        except httpx.TransportError:
            return dict(self.ask("POST", path, json=body, headers=key))


def _check_url(url: str) -> None:
    try:
        parsed = httpx.URL(url)
        wrong = "" if parsed.scheme in ("http", "https") and parsed.host else "neither http:// nor https:// and a host"
        if "?" in url or "#" in url:  # a query may contain the token
            url, wrong = str(parsed.copy_with(query=None, fragment=None)), "something stands behind its path; give a token by itself"
    except httpx.InvalidURL as error:
        wrong = str(error)
    if wrong:
        raise ValueError(f"{url!r} is no server's URL ({wrong}); write it as http://127.0.0.1:8000")


def _refusal(answer: httpx.Response) -> Refused:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    hint = "; give the token that the server printed (DYNASCOPE_TOKEN, --token)" if answer.status_code == 401 else ""
    return Refused(answer.status_code, str(said.get("detail", answer.reason_phrase)) + hint, said.get("errors", ()))
