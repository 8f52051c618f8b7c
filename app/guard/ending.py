"""Answers to the requests that are still open when the server has to end."""

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.words.i18n import language_of
from app.words.problems import Problem
from dynascope.sentence import say


class BrokenOff:
    """Requests still open when the server's grace period ends are cancelled; this is not an error of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def noting(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not answered:
                await Problem(503, say("the server is being stopped")).response(language_of(HTTPConnection(scope)))(scope, receive, send)
