"""The other end of the ingest socket: a real websocket server in this process, that can be told to behave badly."""

import threading
from http import HTTPStatus
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from dynascope.messages import Ack, Sent, decode_frame, encode


class Peer:
    """Stores and acknowledges. `frames` are those that were stored, as they came; `statuses` are given to handshakes first."""

    def __init__(self, max_size: int = 8 << 20, statuses: tuple[int, ...] = (), close_with: int | None = None) -> None:
        self.frames: list[bytes] = []
        self.connections = 0
        self.close_with = close_with
        self._statuses = list(statuses)
        self._open: list[ServerConnection] = []
        self._server = serve(self._serve, "127.0.0.1", 0, max_size=max_size, process_request=self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"

    @property
    def messages(self) -> list[Sent]:
        return [message for frame in self.frames for message in decode_frame(frame)]

    def drop(self) -> None:
        for connection in self._open:
            connection.close(1012)

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.connections += 1
        return connection.respond(HTTPStatus(self._statuses.pop(0)), "") if self._statuses else None

    def _serve(self, connection: ServerConnection) -> None:
        self._open.append(connection)
        try:
            connection.send(encode(Ack(self.messages[-1].seq if self.frames else 0)))
            while True:
                frame = connection.recv()
                assert isinstance(frame, bytes)
                if self.close_with is not None:
                    connection.close(self.close_with, "so it was told")
                    return
                self.frames.append(frame)
                connection.send(encode(Ack(decode_frame(frame)[-1].seq)))
        except ConnectionClosed:
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
