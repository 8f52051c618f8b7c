"""The viewers' websocket: subscribe, catch up, then conflated updates for as long as the connection lasts."""

import asyncio
import contextlib
import logging
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy import Connection
from starlette.websockets import WebSocketState

from app.hub import topics, wire
from app.hub.hub import Hub, Outbox, Pending, Streams, Told
from app.store import history, records
from app.store.columns import Column
from app.store.database import Store
from app.store.matrices import Stored
from app.store.pyramid import Buckets
from app.words.i18n import language_of
from app.words.wording import spoken
from dynascope import __version__
from dynascope.messages import Matrix, Sent
from dynascope.sentence import Sentence, say

log = logging.getLogger(__name__)
router = APIRouter()

#: Seconds between two frames to one viewer, and the limits on what a viewer may send.
INTERVAL = 0.05
MAX_TEXT = 64 << 10
MAX_RUNS = 32
MAX_TOPICS = 32
#: The most buckets that a new viewer gets of each series: for the run's own series, and for a layer's.
POINTS, LAYER_POINTS = 4000, 500

Name = Annotated[str, msgspec.Meta(max_length=300)]


class Since(msgspec.Struct, forbid_unknown_fields=True):
    attempt: int
    seq: int


class Subscribe(msgspec.Struct, forbid_unknown_fields=True):
    """Replaces the former subscription. `since` gives the part of a run that the page already has; `topics`: see `app.hub.topics`."""

    type: Literal["subscribe"]
    runs: Annotated[list[Name], msgspec.Meta(max_length=MAX_RUNS)] = msgspec.field(default_factory=list)
    streams: Annotated[list[Name], msgspec.Meta(max_length=1000)] = msgspec.field(default_factory=lambda: ["scalars"])
    since: dict[Name, Since] = {}
    topics: Annotated[list[Name], msgspec.Meta(max_length=MAX_TOPICS)] = msgspec.field(default_factory=list)


@router.websocket("/api/live")
async def live(socket: WebSocket) -> None:
    await socket.accept()
    viewer = Viewer(socket, socket.app.state.store, socket.app.state.hub)
    await viewer.serve()


class Viewer:
    """One page's socket: one task receives, another sends; only the sender depends on the speed of the network."""

    def __init__(self, socket: WebSocket, store: Store, hub: Hub) -> None:
        self._socket, self._store, self._hub = socket, store, hub
        self._language = language_of(socket)
        self._outbox = Outbox()
        self._subscriptions: asyncio.Queue[Subscribe] = asyncio.Queue(16)

    async def serve(self) -> None:
        self._hub.attach(self._outbox)
        try:
            await self._say(type="hello", protocol=wire.PROTOCOL, version=__version__, files=self._socket.app.state.static.version)
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send())
                tasks.create_task(self._hear(sending))
        except* (WebSocketDisconnect, RuntimeError, ConnectionError):
            pass
        finally:
            self._hub.detach(self._outbox)

    async def _hear(self, sending: asyncio.Task[None]) -> None:
        try:
            while True:
                text = await self._socket.receive_text()
                if len(text) > MAX_TEXT:
                    await self._socket.close(1009, f"{len(text)} characters were sent; {MAX_TEXT} are allowed")
                    return
                try:
                    await self._subscriptions.put(msgspec.json.decode(text, type=Subscribe))
                    self._outbox.dirty.set()
                except msgspec.MsgspecError as error:
                    await self._refuse(
                        "message", msg=say("{error}; a subscribe message has runs, streams, since and topics", error=error), got=text[:200]
                    )
        except KeyError:  # this is how starlette reports a binary frame where text is expected
            await self._socket.close(1003, "text frames alone are understood here")
        finally:
            sending.cancel()

    async def _send(self) -> None:
        while True:
            await self._outbox.dirty.wait()
            while not self._subscriptions.empty():
                await self._subscribe(self._subscriptions.get_nowait())
            for run, pending in self._outbox.collect().items():
                await self._deliver(run, pending)
            for topic, counts in self._outbox.changed().items():
                await self._say(type="changed", topic=topic, counts=counts)
            await asyncio.sleep(INTERVAL)

    async def _subscribe(self, wanted: Subscribe) -> None:
        before, streams = self._outbox.streams, Streams(frozenset(wanted.streams))
        known = await self._store.read(records.existing, wanted.runs)
        missing = [run for run in wanted.runs if run not in known]
        if missing:
            await self._refuse("runs", msg=say("there is no such run; GET /api/runs lists those that are"), got=missing)
        added = Streams(streams.names - before.names)
        fresh = [run for run in known if run not in self._outbox.runs]
        behind = fresh if not added.names else known
        for run in behind:
            self._outbox.hold(run, afresh=run in fresh)
        self._outbox.streams, self._outbox.runs = streams, frozenset(known)
        await self._follow(wanted.topics)
        await self._say(type="ack", runs=sorted(known), streams=sorted(streams.names), topics=sorted(self._outbox.topics))
        for run in behind:
            if run in fresh:
                await self._catch_up(run, wanted.since.get(run))
            else:
                await self._add(run, before, added)

    async def _follow(self, wanted: list[str]) -> None:
        """A topic that is new to this viewer is sent at once: the page may have read it before it changed."""
        unknown = [topic for topic in wanted if not topics.known(topic)]
        if unknown:
            await self._refuse("topics", msg=say("there is no such topic; there are runs, studies, studies/<id> and claims"), got=unknown)
        before, self._outbox.topics = self._outbox.topics, frozenset(wanted) - frozenset(unknown)
        for topic in self._outbox.topics - before:
            self._hub.stir(topic)

    async def _deliver(self, run: str, pending: Pending) -> None:
        if pending.overrun:
            self._outbox.hold(run, afresh=True)
            await self._say(type="resync", run=run)
            await self._catch_up(run, None)
            return
        for frame in _binary(run, pending):
            await self._socket.send_bytes(frame)
        for event in pending.events:
            await self._say(run=run, **event)

    async def _catch_up(self, run: str, since: Since | None) -> None:
        """Bring a viewer up to date: the rest after `since` if it is still available, else all of the history."""
        if since is not None:
            rest = await self._store.read(history.replay, run, since.attempt, since.seq)
            if rest is not None:
                await self._replay(run, since.attempt, rest[0], rest[1])
                self._outbox.release(run, since.attempt, rest[0])
                return
            await self._say(type="resync", run=run)
        past = await self._store.read(_past, run, self._outbox.streams)
        if past is not None:
            await self._say(type="snapshot", run=past.record, events=past.events)
            await self._send_past(run, past)
            await self._say(type="caught_up", run=run, status=past.record["status"])
            self._outbox.release(run, past.record["attempt"], past.record["seq"])

    async def _add(self, run: str, before: Streams, added: Streams) -> None:
        """The history of the streams that a viewer of this run has added."""
        past = await self._store.read(_past, run, added)
        if past is not None:
            await self._send_past(run, past)
            self._outbox.release(run, past.record["attempt"], past.record["seq"], before)

    async def _replay(self, run: str, attempt: int, seq: int, messages: list[Sent]) -> None:
        pending = Pending(attempt, seq)
        for message in messages:
            pending.take(self._outbox.streams, Told(message))
        record = await self._store.read(records.one, run)
        if record is not None:
            pending.say("status", record["step"] or 0, 0, {"status": record["status"], "end_reason": record["end_reason"]})
        await self._deliver(run, pending)

    async def _send_past(self, run: str, past: "Past") -> None:
        attempt, seq = past.record["attempt"], past.record["seq"]
        if past.series:
            series = [(name, width, buckets) for name, (width, buckets) in past.series.items()]
            await self._socket.send_bytes(wire.scalars(run, attempt, seq, series))
        for (kind, layer), columns in past.histograms.items():
            await self._socket.send_bytes(wire.histograms(run, attempt, seq, kind, layer, columns))
        for stored in past.matrices:
            await self._socket.send_bytes(wire.matrix(run, attempt, seq, stored))

    async def _say(self, **message: Any) -> None:
        """Sentences in it are translated into the visitor's language."""
        if self._socket.application_state == WebSocketState.CONNECTED:
            text = msgspec.json.encode(message, enc_hook=partial(_spoken, language=self._language))
            await self._socket.send_text(text.decode())

    async def _refuse(self, loc: str, msg: str, got: Any) -> None:
        with contextlib.suppress(RuntimeError):
            await self._say(type="error", errors=[{"loc": loc, "msg": msg, "got": got}])


def _spoken(sentence: Any, language: str) -> str:
    """msgspec calls this for types that it can't encode, such as a subclass of `str`."""
    if not isinstance(sentence, Sentence):
        raise NotImplementedError(type(sentence))
    return spoken(sentence, language)


class Past(msgspec.Struct):
    """A run as one transaction read it."""

    record: dict[str, Any]
    events: list[dict[str, Any]]
    series: dict[str, tuple[int, Any]]
    histograms: dict[tuple[str, str], list[Any]]
    matrices: list[Any]


def _past(connection: Connection, run: str, streams: Streams) -> Past | None:
    record = records.one(connection, run)
    if record is None:
        return None
    names = [name for name in history.series_names(connection, run) if streams.series(name)]
    own = [name for name in names if not name.startswith("layer/")]
    series: dict[str, tuple[int, Buckets]] = history.read_series(connection, run, own, POINTS)
    series |= history.read_series(connection, run, [n for n in names if n.startswith("layer/")], LAYER_POINTS)
    columns: dict[tuple[str, str], list[Column]] = {
        (kind, layer): history.read_histograms(connection, run, kind, layer) for kind, layer in streams.tracks()
    }
    looked_at = [found for name in streams.matrices() if (found := history.read_matrix(connection, run, name)) is not None]
    return Past(record, history.read_events(connection, run), series, columns, looked_at)


def _binary(run: str, pending: Pending) -> list[bytes]:
    at = (run, pending.attempt, pending.seq)
    frames = []
    if pending.parts:
        frames.append(pending.shared(tuple(pending.parts), lambda: wire.points(*at, pending.series())))
    for track, columns in pending.histograms.items():
        frames.append(pending.shared((track, *columns), partial(wire.histograms, *at, *track, columns)))
    for told in pending.matrices.values():
        frames.append(pending.shared(told, partial(_matrix, *at, told)))
    return frames


def _matrix(run: str, attempt: int, seq: int, told: Told) -> bytes:
    assert isinstance(told.message, Matrix)
    return wire.matrix(run, attempt, seq, Stored.of(told.message))
