"""A sink that sends to a Dynascope server over the ingest websocket, and keeps in a journal what is not acknowledged.

One thread sends a frame every 50 ms (at once for events), another hears acknowledgements and controls. The training
thread only appends to lists. When the server is away the journal grows and the sender knocks until it is back; after
`patience` seconds it gives up, and the run ends as interrupted.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from dynascope.messages import PROTOCOL, Ack, Control, Histograms, Layer, LayerStats, RunEnded, RunStarted, Sent, decode_reply, encode
from dynascope.sinks.batch import Batch
from dynascope.sinks.journal import Journal

log = logging.getLogger(__name__)

INTERVAL = 0.05
FRAME_BYTES = 256 << 10
RETRY = 0.1
#: Frames that wait in memory for a disk that is full: from here on with scalars and events alone, and at twice as many the run ends.
UNSTORED = 256


class Server(Batch):
    """`address()` gives the server's http URL now, or None where there is none: it may move while the run goes on."""

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
        self._guard = threading.Lock()  # the journal is appended to by one thread and acknowledged by another
        self._lost = False
        self._unstored: list[tuple[int, bytes]] = []
        self._disk_full = False
        self._last_heard = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="sink", daemon=True)
        self._thread.start()

    def started(self, layers: Sequence[Layer], preloaded: bool) -> None:
        self.message(lambda ids: RunStarted(**ids, protocol=PROTOCOL, pid=os.getpid(), layers=list(layers), preloaded=preloaded))
        self._wake.set()

    def event(self, step: float, kind: str, data: Mapping[str, Any] | None = None) -> None:
        super().event(step, kind, data)
        self._wake.set()

    def ended(self, status: str, reason: str, step: float) -> None:
        if self._lost:
            status, reason = "interrupted", f"no server answered for {self._patience:g} s; {reason}"
        self.message(lambda ids: RunEnded(**ids, status=status, reason=reason, step=float(step)))
        self._wake.set()

    def abandon(self) -> None:
        """Keep what is left in the journal and wait for nobody: the server reads it when this process has ended."""
        self._patience = 0.0
        self._wake.set()

    def close(self) -> None:
        """Returns once everything is acknowledged, or patience ran out; then the journal holds the rest."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._journal.close()

    def _work(self) -> None:
        while not self._done():
            url = self._address()
            if url is not None:
                try:
                    self._converse(url)
                except InvalidStatus as refusal:  # the run was deleted or has ended: nobody will ever want the rest
                    log.warning("the server refused this run: %s", refusal)
                    self._patience = 0.0
                except (OSError, TimeoutError, WebSocketException) as trouble:
                    log.info("connection lost: %s", trouble)
            self._store()
            if time.monotonic() - self._last_heard > self._patience:
                self._give_up()
            self._wake.wait(RETRY)
            self._wake.clear()

    def _done(self) -> bool:
        """Closed, and either nothing is left to send or nobody to send it to."""
        if not self._closing.is_set():
            return False
        self._store()
        return (not len(self._journal) and not self._unstored) or time.monotonic() - self._last_heard >= self._patience

    def _converse(self, url: str) -> None:
        address = "ws" + url.removeprefix("http") + "/api/ingest"
        headers = {"Authorization": f"Bearer {self._token}"}
        options: dict[str, Any] = {"compression": None, "open_timeout": 5, "close_timeout": 1, "max_size": 1 << 20, "proxy": None}
        with connect(address, additional_headers=headers, **options) as socket:
            while not isinstance(first := decode_reply(_binary(socket.recv(timeout=10))), Ack):
                self._hear(first)  # a command may come before it
            self._hear(first)
            listener = threading.Thread(target=self._listen, args=(socket,), name="sink-listener", daemon=True)
            listener.start()
            sent = first.seq
            while listener.is_alive() and not self._done():
                self._store()
                with self._guard:
                    frames = list(self._journal.unacknowledged(sent))
                for last_seq, frame in frames:
                    socket.send(frame)
                    sent = last_seq
                self._wake.wait(INTERVAL)
                self._wake.clear()

    def _listen(self, socket: ClientConnection) -> None:
        try:
            for data in socket:
                self._hear(decode_reply(_binary(data)))
        except (OSError, WebSocketException) as trouble:
            log.info("connection lost: %s", trouble)
        finally:
            self._wake.set()

    def _hear(self, reply: Ack | Control) -> None:
        self._last_heard = time.monotonic()
        if isinstance(reply, Control):
            self._on_control(reply)
            return
        with self._guard:
            self._journal.acknowledge(reply.seq)
        if self._closing.is_set():
            self._wake.set()

    def _store(self) -> None:
        """What was recorded becomes frames in the journal; a full journal takes scalars and events alone."""
        self._unstored += _frames(self.drain(essential=self._journal.full or len(self._unstored) >= UNSTORED))
        try:
            with self._guard:
                while self._unstored:
                    self._journal.append(*self._unstored[0])
                    self._unstored.pop(0)
        except OSError as trouble:  # a full disk: what is measured waits in memory, and the run goes on
            if not self._disk_full:
                log.error("run %s: its journal can't be written (%s); what is not stored waits in memory", self.run, trouble)
            self._disk_full = True
            if len(self._unstored) > 2 * UNSTORED:
                self._give_up()
        else:
            self._disk_full = False

    def _give_up(self) -> None:
        if not self._lost:
            self._lost = True
            self._on_lost()


def _frames(messages: list[Sent]) -> list[tuple[int, bytes]]:
    """`(last seq, bytes)`, each of about FRAME_BYTES at the most unless one message alone is longer."""
    frames: list[tuple[int, bytes]] = []
    held: list[Sent] = []
    size = 0
    for message in messages:
        length = _size(message)
        if held and size + length > FRAME_BYTES:
            frames.append((held[-1].seq, encode(held)))
            held, size = [], 0
        held.append(message)
        size += length
    if held:
        frames.append((held[-1].seq, encode(held)))
    return frames


def _size(message: Sent) -> int:
    if isinstance(message, Histograms):
        return len(message.bins) + len(message.counts) + len(message.offsets)
    return len(message.values) if isinstance(message, LayerStats) else 512


def _binary(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def server_file(path: Path) -> Callable[[], str | None]:
    """An address that is read from a server's `server.json` each time it is asked for."""

    def address() -> str | None:
        try:
            return str(json.loads(path.read_text())["url"])
        except (OSError, ValueError, KeyError):
            return None

    return address
