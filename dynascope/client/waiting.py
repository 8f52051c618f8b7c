"""Waiting for the end of something that a server does, over its restarts."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from dynascope.client._http import Refused, Transport

Answer = TypeVar("Answer")

#: Seconds that one question waits for the end: below what proxies allow.
LONG = 25.0
#: Seconds that a server may be away: one that was killed has been started again by then.
AWAY = 60.0
RETRY = 0.5
#: A proxy's words for a server that is away.
AWAY_STATUS = (502, 503, 504)


def until_ended(http: Transport, path: str, timeout: float | None, piece: float, tell: Callable[[dict[str, Any]], bool]) -> bool:
    """Ask `path` until `tell` says of its answer that this was the end; False where `timeout` seconds are over before.

    A question waits for `piece` seconds at the most. Raises what `http.ask` raises; where the server is away, after AWAY seconds.
    """
    until = None if timeout is None else time.monotonic() + timeout
    away: float | None = None
    while True:
        seconds = piece if until is None else min(piece, max(0.0, until - time.monotonic()))
        try:
            # the server answers after `seconds`, so the answer has the client's own time on top of them
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
    """What `ask` gives, of a server that was there a moment ago: asked again while it is away, for AWAY seconds."""
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
