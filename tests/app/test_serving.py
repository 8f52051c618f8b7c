"""The socket that the server listens on."""

import asyncio
import socket

from app.serving import _bind
from tests.loops import in_loop


async def nodelay(listener: socket.socket) -> int:
    """What an accepted connection has for TCP_NODELAY, under asyncio as uvicorn uses it."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            found.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async with await asyncio.get_running_loop().create_server(Accepted, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        told = await found
        writer.close()
    return told


def test_a_small_answer_waits_for_no_acknowledgement() -> None:
    assert in_loop(nodelay(_bind("127.0.0.1", 0))) == 1
