"""A sink that sends to a Dynascope server over the ingest websocket, and keeps unacknowledged frames in a journal.

One thread sends a frame every 50 ms (at once for events), another receives acknowledgements and controls. The training
thread only appends to lists. While the server is away, the journal grows and the sender tries to reconnect; after
`patience` seconds without progress it gives up, and the run ends as interrupted. It gives up at once if the server
answers that it will never accept the rest.
"""

import json
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from dynascope.messages import CELL, PROTOCOL, Ack, Control, Layer, RunEnded, RunStarted, Sent, decode_reply, encode_message, join
from dynascope.sentence import keep, say
from dynascope.sinks.batch import Batch
from dynascope.sinks.journal import Journal

log = logging.getLogger(__name__)

INTERVAL = 0.05
FRAME_BYTES = 256 << 10
#: A matrix can't be split: a longer one is not sent, because a server may refuse such a long frame.
MATRIX_BYTES = 7 << 20
RETRY = 0.1
#: HTTP statuses of the handshake after which a retry is useless: the token is wrong, or the run was deleted or has ended.
FINAL_STATUS = (401, 403, 404, 410)
#: Close codes (RFC 6455) after which the same frame would be refused again: policy violation, message too long.
FINAL_CLOSE = (1008, 1009)
#: Limit of frames in memory while the disk is full: then only scalars and events are recorded; above twice the limit the run ends.
UNSTORED = 256


class Server(Batch):
    """`address()` gives the server's current http URL, or None if there is no server: the URL may change during the run."""

    def __init__(
        self,
        run: str,
        attempt: int,
        token: str,
        address: Callable[[], str | None],
        journal: Journal,
        on_control: Callable[[Control], None],
        on_lost: Callable[[], None],
        patience: float = 60.0,
    ) -> None:
        super().__init__(run, attempt)
        self._token, self._address, self._journal = token, address, journal
        self._on_control, self._on_lost, self._patience = on_control, on_lost, patience
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._guard = threading.Lock()  # one thread appends to the journal, another acknowledges
        self._lost: str | None = None
        self._refused: str | None = None
        self._abandoned = False
        self._unstored: list[tuple[int, bytes]] = []
        self._disk_full = False
        self._too_long: set[str] = set()
        self._acknowledged = 0
        self._greeted = -math.inf
        self._away = False
        self._last_heard = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="sink", daemon=True)
        self._thread.start()

    def started(self, layers: Sequence[Layer], preloaded: bool) -> None:
        self.message(lambda ids: RunStarted(**ids, protocol=PROTOCOL, pid=os.getpid(), layers=list(layers), preloaded=preloaded))
        self._wake.set()

    def event(self, step: float, kind: str, data: Mapping[str, Any] | None = None) -> None:
        super().event(step, kind, data)
        self._wake.set()

    def matrix(self, step: float, name: str, values: np.ndarray, meta: Mapping[str, Any]) -> None:
        if values.size * np.dtype(CELL).itemsize <= MATRIX_BYTES:
            super().matrix(step, name, values, meta)
        elif name not in self._too_long:
            self._too_long.add(name)
            log.warning("run %s: matrix %s of shape %s is longer than a frame may be, and is not sent", self.run, name, values.shape)

    def ended(self, status: str, reason: str, step: float) -> None:
        if self._lost is not None:
            status, reason = "interrupted", say("{lost}; {reason}", lost=self._lost, reason=reason)
        self.message(lambda ids: RunEnded(**ids, status=status, reason=str(reason), step=float(step), sentence=keep(reason)))
        self._wake.set()

    def abandon(self) -> None:
        """Keep the remaining frames in the journal and stop waiting: the server reads the journal after this process has ended."""
        self._abandoned = True
        self._wake.set()

    def close(self) -> None:
        """Wait until everything is acknowledged or `patience` has run out; in that case the journal holds the rest."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._journal.close()

    def _work(self) -> None:
        while not self._done():
            url = None if self._refused else self._address()
            if url is None:
                self._away = True
            else:
                try:
                    self._converse(url)
                except InvalidStatus as answer:
                    status = answer.response.status_code
                    if status in FINAL_STATUS:
                        self._refuse(f"HTTP {status}")
                    log.info("no connection: %s", answer)
                except ConnectionRefusedError:
                    self._away = True
                except (OSError, TimeoutError, WebSocketException, msgspec.MsgspecError) as trouble:
                    self._broke_off(trouble)
            self._store()
            if why := self._hopeless():
                self._give_up(why)
            self._wake.wait(RETRY)
            self._wake.clear()

    def _done(self) -> bool:
        """The sink is closed, and no frame is left to send or no server will accept the rest."""
        if not self._closing.is_set():
            return False
        self._store()
        return (not len(self._journal) and not self._unstored) or self._hopeless() is not None

    def _hopeless(self) -> str | None:
        """The reason why no server will accept the rest; None while one still may."""
        if self._refused:
            return say("the server refused this run ({answer})", answer=self._refused)
        if self._abandoned:
            return say("the process was asked to end")
        return self._out_of_patience()

    def _out_of_patience(self) -> str | None:
        if time.monotonic() - self._last_heard <= self._patience:
            return None
        seconds = f"{self._patience:g}"
        if self._greeted < self._last_heard:
            return say("no server answered for {seconds} s", seconds=seconds)
        return say("the server acknowledged nothing new for {seconds} s", seconds=seconds)

    def _converse(self, url: str) -> None:
        address = "ws" + url.removeprefix("http") + "/api/ingest"
        headers = {"Authorization": f"Bearer {self._token}"}
        options: dict[str, Any] = {"compression": None, "open_timeout": 5, "close_timeout": 1, "max_size": 1 << 20, "proxy": None}
        with connect(address, additional_headers=headers, **options) as socket:
            while not isinstance(first := decode_reply(_binary(socket.recv(timeout=10))), Ack):
                self._hear(first)  # a command may come before the first Ack
            self._hear(first)
            self._greeted = time.monotonic()
            if self._away:  # the patience starts again after a reconnect
                self._away, self._last_heard = False, self._greeted
            listener = threading.Thread(target=self._listen, args=(socket,), name="sink-listener", daemon=True)
            listener.start()
            sent = first.seq
            while listener.is_alive() and not self._done() and not self._out_of_patience():
                self._store()
                with self._guard:
                    frames = list(self._journal.unacknowledged(sent))
                    if not len(self._journal):  # a connected server that has everything does not use up the patience
                        self._last_heard = time.monotonic()
                for last_seq, frame in frames:
                    socket.send(frame)
                    sent = last_seq
                self._wake.wait(INTERVAL)
                self._wake.clear()

    def _listen(self, socket: ClientConnection) -> None:
        try:
            while True:
                self._hear(decode_reply(_binary(socket.recv())))
        except (OSError, WebSocketException, msgspec.MsgspecError) as trouble:
            self._broke_off(trouble)
        finally:
            self._wake.set()

    def _broke_off(self, trouble: Exception) -> None:
        log.info("connection lost: %s", trouble)
        said = trouble.rcvd if isinstance(trouble, ConnectionClosed) and trouble.rcvd_then_sent else None
        if said is not None and said.code in FINAL_CLOSE:
            self._refuse(f"websocket close {said.code}{': ' if said.reason else ''}{said.reason}")

    def _refuse(self, said: str) -> None:
        if self._refused is None:
            log.warning("run %s: the server refused it: %s", self.run, said)
        self._refused = said

    def _hear(self, reply: Ack | Control) -> None:
        if isinstance(reply, Control):
            self._on_control(reply)
            return
        with self._guard:
            self._journal.acknowledge(reply.seq)
        if reply.seq > self._acknowledged:  # a handshake alone is not progress
            self._acknowledged, self._last_heard = reply.seq, time.monotonic()
        if self._closing.is_set():
            self._wake.set()

    def _store(self) -> None:
        """Write the records to the journal as frames; if the journal is full, only scalars and events."""
        self._unstored += _frames(self.drain(self._journal.full or len(self._unstored) >= UNSTORED, FRAME_BYTES))
        try:
            with self._guard:
                while self._unstored:
                    self._journal.append(*self._unstored[0])
                    self._unstored.pop(0)
        except OSError as trouble:  # the disk is full: frames wait in memory, and the run continues
            if not self._disk_full:
                log.error("run %s: its journal can't be written (%s); what is not stored waits in memory", self.run, trouble)
            self._disk_full = True
            if len(self._unstored) > 2 * UNSTORED:
                self._give_up(say("its journal can't be written ({trouble})", trouble=trouble))
        else:
            self._disk_full = False

    def _give_up(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
            self._on_lost()


def _frames(messages: list[Sent]) -> list[tuple[int, bytes]]:
    """`(last seq, bytes)` of each frame, at most FRAME_BYTES long unless a single message that can't be split is longer."""
    frames: list[tuple[int, bytes]] = []
    held: list[bytes] = []
    size = last = 0
    for message in messages:
        encoded = encode_message(message)
        if held and size + len(encoded) > FRAME_BYTES - 5:
            frames.append((last, join(held)))
            held, size = [], 0
        held.append(encoded)
        size, last = size + len(encoded), message.seq
    if held:
        frames.append((last, join(held)))
    return frames


def _binary(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def server_file(path: Path) -> Callable[[], str | None]:
    """A function that reads the address from a server's `server.json` at each call."""

    def address() -> str | None:
        try:
            return str(json.loads(path.read_text())["url"])
        except (OSError, ValueError, KeyError):
            return None

    return address
