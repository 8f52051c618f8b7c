"""What the server says to those that it still serves when it has to end."""

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.words.i18n import language_of
from app.words.problems import Problem
from dynascope.sentence import say


class BrokenOff:
    """What still goes on when the server's patience ends is cancelled, which is nothing that went wrong in the application."""

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
