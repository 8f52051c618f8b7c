"""Fan-out: one bounded, conflating outbox per viewer. The hub knows consumers, not sockets.

A message is decoded once for all viewers, and a frame that contains the same messages for several viewers is made once.

If its viewer is slow, an outbox drops data: points of one series are merged into one column, histograms keep the newest
HISTOGRAM_COLUMNS of each layer and kind, a matrix keeps the newest of its name, and above MAX_POINTS the outbox drops everything
and asks for a resync. Training and the other viewers never wait for it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from app.store.columns import Column, histograms_of, series_of
from dynascope.messages import Event, Matrix, RunStarted, Sent

MAX_POINTS = 400_000
HISTOGRAM_COLUMNS = 256
MAX_EVENTS = 2_000
#: Frames that may be held while a viewer's history is read.
MAX_HELD = 400
#: Frames, each ending with one message, that are cached for viewers with the same subscription.
MAX_FRAMES = 8
#: The topic that every event of any run marks as changed.
RUNS = "runs"


def stream_of(series: str) -> str:
    return "layers" if series.startswith("layer/") else "scalars"


@dataclass(frozen=True)
class Streams:
    """The streams that a viewer subscribes to: `scalars`, `layers`, `histograms/<kind>/<layer>`, `matrices/<name>`."""

    names: frozenset[str]

    def series(self, name: str) -> bool:
        return stream_of(name) in self.names

    def matrices(self) -> list[str]:
        return [name.removeprefix("matrices/") for name in sorted(self.names) if name.startswith("matrices/")]

    def tracks(self) -> list[tuple[str, str]]:
        parts = (name.split("/", 2) for name in sorted(self.names))
        return [(part[1], part[2]) for part in parts if part[0] == "histograms"]


@dataclass(frozen=True, eq=False)
class Part:
    """The series of one message for the subscribers of a stream: name, steps, values."""

    series: list[tuple[str, np.ndarray, np.ndarray]] = field(default_factory=list)

    @cached_property
    def points(self) -> int:
        return sum(len(steps) for _, steps, _ in self.series)


class Told:
    """A message, decoded as soon as one viewer needs it, and the frames that end with it."""

    def __init__(self, message: Sent) -> None:
        self.message = message
        self._frames: dict[Hashable, bytes] = {}

    @cached_property
    def series(self) -> dict[str, Part]:
        """Series by stream."""
        parts: dict[str, Part] = {}
        for one in series_of(self.message):
            parts.setdefault(stream_of(one[0]), Part()).series.append(one)
        return parts

    @cached_property
    def histograms(self) -> dict[str, tuple[tuple[str, str], list[Column]]]:
        """Stream → kind and layer, columns."""
        tracks: dict[str, tuple[tuple[str, str], list[Column]]] = {}
        for kind, layer, column in histograms_of(self.message):
            tracks.setdefault(f"histograms/{kind}/{layer}", ((kind, layer), []))[1].append(column)
        return tracks

    def frame(self, of: Hashable, make: Callable[[], bytes]) -> bytes:
        """A cached frame of the same messages, or a new one; viewers that keep up share one, and so do viewers with the same lag."""
        if of not in self._frames:
            if len(self._frames) >= MAX_FRAMES:
                self._frames.clear()
            self._frames[of] = make()
        return self._frames[of]


@dataclass
class Pending:
    """The data of one run that has gathered for one viewer since the last delivery."""

    attempt: int = 0
    seq: int = 0
    points: int = 0
    parts: list[Part] = field(default_factory=list)
    histograms: dict[tuple[str, str], deque[Column]] = field(default_factory=dict)
    matrices: dict[str, Told] = field(default_factory=dict)
    events: deque[dict[str, Any]] = field(default_factory=deque)
    overrun: bool = False
    newest: Told | None = None

    def take(self, streams: Streams, told: Told) -> None:
        message = told.message
        self.attempt, self.seq, self.newest = message.attempt, message.seq, told
        for stream, part in told.series.items():
            if stream in streams.names:
                self.parts.append(part)
                self.points += part.points
        for stream, (track, columns) in told.histograms.items():
            if stream in streams.names:
                self.histograms.setdefault(track, deque(maxlen=HISTOGRAM_COLUMNS)).extend(columns)
        if isinstance(message, Matrix) and f"matrices/{message.name}" in streams.names:
            self.matrices[message.name] = told
        if isinstance(message, Event):
            self.say(message.kind, message.step, message.time, message.data)
        elif isinstance(message, RunStarted):
            self.say("started", 0.0, 0.0, {"pid": message.pid, "layers": [msgspec.structs.asdict(layer) for layer in message.layers]})
        if self.points > MAX_POINTS or len(self.events) > MAX_EVENTS:
            self.overrun = True
            self.parts, self.histograms, self.matrices, self.points = [], {}, {}, 0
            self.events.clear()

    def series(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Name → steps and values, in the order in which they arrived."""
        held: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        for part in self.parts:
            for name, steps, values in part.series:
                held.setdefault(name, []).append((steps, values))
        return {name: (np.concatenate([x for x, _ in those]), np.concatenate([y for _, y in those])) for name, those in held.items()}

    def shared(self, of: Hashable, make: Callable[[], bytes]) -> bytes:
        """A frame of that message and all up to `newest`."""
        return self.newest.frame(of, make) if self.newest else make()

    def say(self, kind: str, step: float, time: float, data: dict[str, Any]) -> None:
        event = {"step": step, "kind": kind, "time": time, "data": data}
        self.events.append({"type": "event", "attempt": self.attempt, "seq": self.seq, "event": event})


class Outbox:
    """The outbox of one viewer. `offer` never waits; `collect` returns everything that has gathered since the last call."""

    def __init__(self) -> None:
        self.streams = Streams(frozenset())
        self.runs: frozenset[str] = frozenset()
        self.topics: frozenset[str] = frozenset()
        self._changed: dict[str, dict[str, Any] | None] = {}
        self._pending: dict[str, Pending] = {}
        self._held: dict[str, list[Told]] = {}
        self.dirty = asyncio.Event()

    def offer(self, run: str, frame: list[Told]) -> None:
        if run in self._held:
            held = self._held[run]
            held.extend(frame)
            if len(held) > MAX_HELD * 8:
                held.clear()
                self._pending.setdefault(run, Pending()).overrun = True
        else:
            pending = self._pending.setdefault(run, Pending())
            for told in frame:
                pending.take(self.streams, told)
        self.dirty.set()

    def tell(self, run: str, kind: str, step: float, time: float, data: dict[str, Any]) -> None:
        self._pending.setdefault(run, Pending()).say(kind, step, time, data)
        self.dirty.set()

    def hold(self, run: str, afresh: bool) -> None:
        """Hold whole frames of this run while its history is read; `afresh` drops the data that is not delivered yet."""
        self._held[run] = []
        if afresh:
            self._pending.pop(run, None)

    def release(self, run: str, attempt: int, seq: int, before: Streams | None = None) -> None:
        """The viewer has the history up to (attempt, seq): continue with the frames after it.

        If a viewer only added streams, its former streams up to that point are still undelivered: `before`.
        """
        held = self._held.pop(run, [])
        pending = self._pending.setdefault(run, Pending())
        pending.attempt, pending.seq, pending.newest = attempt, seq, None
        for told in held:
            if (told.message.attempt, told.message.seq) > (attempt, seq):
                pending.take(self.streams, told)
            elif before is not None:
                pending.take(before, told)
        self.dirty.set()

    def resync(self, run: str) -> None:
        """The delivered data of this run is no longer valid: its history is sent again."""
        self._pending[run] = Pending(overrun=True)
        self.dirty.set()

    def change(self, topic: str, counts: dict[str, Any] | None) -> None:
        """The newest counts of a topic are delivered, however often it changed."""
        self._changed[topic] = counts
        self.dirty.set()

    def changed(self) -> dict[str, dict[str, Any] | None]:
        """Topics that changed since the last call and are still followed."""
        changed, self._changed = self._changed, {}
        return {topic: counts for topic, counts in changed.items() if topic in self.topics}

    def collect(self) -> dict[str, Pending]:
        self.dirty.clear()
        ready = {run: p for run, p in self._pending.items() if run not in self._held}
        for run in ready:
            del self._pending[run]
        return ready


class Hub:
    def __init__(self) -> None:
        self._outboxes: set[Outbox] = set()
        self._topics: dict[str, str] = {}
        self._stirred: set[str] = set()
        self._stirring = asyncio.Event()

    def attach(self, outbox: Outbox) -> None:
        self._outboxes.add(outbox)

    def detach(self, outbox: Outbox) -> None:
        self._outboxes.discard(outbox)

    def belongs(self, run: str, topic: str) -> None:
        """Every event of this run marks that topic as changed, until `forget`."""
        self._topics[run] = topic

    def forget(self, run: str) -> None:
        self._topics.pop(run, None)

    def stir(self, topic: str) -> None:
        """Mark a topic as changed; a topic without followers is ignored."""
        if any(topic in outbox.topics for outbox in self._outboxes):
            self._stirred.add(topic)
            self._stirring.set()

    async def stirred(self) -> set[str]:
        """Topics that were marked since the last call; waits until there is one."""
        await self._stirring.wait()
        self._stirring.clear()
        stirred, self._stirred = self._stirred, set()
        return stirred

    def change(self, topic: str, counts: dict[str, Any] | None) -> None:
        for outbox in self._outboxes:
            if topic in outbox.topics:
                outbox.change(topic, counts)

    def publish(self, run: str, frame: list[Sent]) -> None:
        self.stir(RUNS)
        if run in self._topics:
            self.stir(self._topics[run])
        told = [Told(message) for message in frame]
        for outbox in self._outboxes:
            if run in outbox.runs:
                outbox.offer(run, told)

    def tell(self, run: str, kind: str, step: float, time: float, data: dict[str, Any]) -> None:
        """Send an event of a run that did not come from its trainer: a change of status."""
        self.stir(RUNS)
        if run in self._topics:
            self.stir(self._topics[run])
            self.stir(self._topics[run].partition("/")[0])
        for outbox in self._outboxes:
            if run in outbox.runs:
                outbox.tell(run, kind, step, time, data)

    def resync(self, run: str) -> None:
        for outbox in self._outboxes:
            if run in outbox.runs:
                outbox.resync(run)

    def viewers(self, run: str) -> int:
        return sum(run in outbox.runs for outbox in self._outboxes)
