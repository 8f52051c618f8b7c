"""Waits until a run or study on a server has ended, also if the server restarts."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from dynascope.client._http import Refused, Transport

Answer = TypeVar("Answer")

#: Seconds that one request waits for the end: less than the timeouts of proxies.
LONG = 25.0
#: Maximum seconds without an answer from the server: a killed server has restarted by then.
AWAY = 60.0
RETRY = 0.5
#: Status codes of a proxy whose server does not answer.
AWAY_STATUS = (502, 503, 504)


def until_ended(http: Transport, path: str, timeout: float | None, piece: float, tell: Callable[[dict[str, Any]], bool]) -> bool:
    """Request `path` until `tell` returns true for the answer; False if `timeout` seconds pass first.

    A request waits for at most `piece` seconds. Raises the errors of `http.ask`; if the server is away, after AWAY seconds.
    """
    until = None if timeout is None else time.monotonic() + timeout
    away: float | None = None
    while True:
        seconds = piece if until is None else min(piece, max(0.0, until - time.monotonic()))
        try:
            # the server answers after at most `seconds`; the client's own timeout is added to that
            if tell(http.ask("GET", path, params={"timeout": seconds}, timeout=seconds + http.timeout)):
                return True
            away = None
        except Exception as trouble:
            away = away or time.monotonic()
            if not is_away(trouble) or time.monotonic() - away > AWAY:
                raise
            time.sleep(RETRY)
        if until is not None and time.monotonic() >= until:
            return False


def patiently(ask: Callable[[], Answer]) -> Answer:
    """The result of `ask`. While the server is away, `ask` is called again, for up to AWAY seconds."""
    away = time.monotonic()
    while True:
        try:
            return ask()
        except Exception as trouble:
            if not is_away(trouble) or time.monotonic() - away > AWAY:
                raise
            time.sleep(RETRY)


def is_away(trouble: Exception) -> bool:
    return isinstance(trouble, httpx.TransportError) or (isinstance(trouble, Refused) and trouble.status in AWAY_STATUS)
