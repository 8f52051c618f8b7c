"""Fan-out: one bounded, conflating outbox a viewer. The hub knows consumers, not sockets.

What an outbox does when its viewer is slow: points of one series merge into one column, histograms keep the newest
HISTOGRAM_COLUMNS of each layer and kind, a matrix is the newest of its name, and past MAX_POINTS it forgets everything
and asks for a resync. Training and the other viewers never wait for it.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.store.columns import Column, histograms_of, series_of
from app.store.pyramid import Buckets
from dynascope.messages import Event, Matrix, RunStarted, Sent

MAX_POINTS = 400_000
HISTOGRAM_COLUMNS = 256
MAX_EVENTS = 2_000
#: Frames that may gather while a viewer's history is being read.
MAX_HELD = 400
#: The topic that whatever comes of any run stirs.
RUNS = "runs"


@dataclass(frozen=True)
class Streams:
    """What a viewer wants: `scalars`, `layers`, `histograms/<kind>/<layer>`, `matrices/<name>`."""

    names: frozenset[str]

    def series(self, name: str) -> bool:
        return ("layers" if name.startswith("layer/") else "scalars") in self.names

    def histogram(self, kind: str, layer: str) -> bool:
        return f"histograms/{kind}/{layer}" in self.names

    def matrices(self) -> list[str]:
        return [name.removeprefix("matrices/") for name in sorted(self.names) if name.startswith("matrices/")]

    def tracks(self) -> list[tuple[str, str]]:
        parts = (name.split("/", 2) for name in sorted(self.names))
        return [(part[1], part[2]) for part in parts if part[0] == "histograms"]


@dataclass
class Pending:
    """What one run has for one viewer since the viewer was last served."""

    attempt: int = 0
    seq: int = 0
    points: int = 0
    series: dict[str, list[Buckets]] = field(default_factory=dict)
    histograms: dict[tuple[str, str], deque[Column]] = field(default_factory=dict)
    matrices: dict[str, Matrix] = field(default_factory=dict)
    events: deque[dict[str, Any]] = field(default_factory=deque)
    overrun: bool = False

    def take(self, streams: Streams, message: Sent) -> None:
        self.attempt, self.seq = message.attempt, message.seq
        for name, steps, values in series_of(message):
            if streams.series(name):
                self.series.setdefault(name, []).append(Buckets.of_points(steps, values))
                self.points += len(steps)
        for kind, layer, column in histograms_of(message):
            if streams.histogram(kind, layer):
                self.histograms.setdefault((kind, layer), deque(maxlen=HISTOGRAM_COLUMNS)).append(column)
        if isinstance(message, Matrix) and f"matrices/{message.name}" in streams.names:
            self.matrices[message.name] = message
        if isinstance(message, Event):
            self.say(message.kind, message.step, message.time, message.data)
        elif isinstance(message, RunStarted):
            self.say("started", 0.0, 0.0, {"pid": message.pid, "layers": [msgspec.structs.asdict(layer) for layer in message.layers]})
        if self.points > MAX_POINTS or len(self.events) > MAX_EVENTS:
            self.overrun = True
            self.series, self.histograms, self.matrices, self.points = {}, {}, {}, 0
            self.events.clear()

    def say(self, kind: str, step: float, time: float, data: dict[str, Any]) -> None:
        event = {"step": step, "kind": kind, "time": time, "data": data}
        self.events.append({"type": "event", "attempt": self.attempt, "seq": self.seq, "event": event})


class Outbox:
    """One viewer's. `offer` never waits; `collect` gives what has gathered since the last call."""

    def __init__(self) -> None:
        self.streams = Streams(frozenset())
        self.runs: frozenset[str] = frozenset()
        self.topics: frozenset[str] = frozenset()
        self._changed: dict[str, dict[str, Any] | None] = {}
        self._pending: dict[str, Pending] = {}
        self._held: dict[str, list[Sent]] = {}
        self.dirty = asyncio.Event()

    def offer(self, run: str, frame: list[Sent]) -> None:
        if run in self._held:
            held = self._held[run]
            held.extend(frame)
            if len(held) > MAX_HELD * 8:
                held.clear()
                self._pending.setdefault(run, Pending()).overrun = True
        else:
            pending = self._pending.setdefault(run, Pending())
            for message in frame:
                pending.take(self.streams, message)
        self.dirty.set()

    def tell(self, run: str, kind: str, step: float, time: float, data: dict[str, Any]) -> None:
        self._pending.setdefault(run, Pending()).say(kind, step, time, data)
        self.dirty.set()

    def hold(self, run: str, afresh: bool) -> None:
        """Keep whole frames of this run while its history is read; `afresh` forgets what waits to be delivered."""
        self._held[run] = []
        if afresh:
            self._pending.pop(run, None)

    def release(self, run: str, attempt: int, seq: int, before: Streams | None = None) -> None:
        """History up to (attempt, seq) is with the viewer: go on with what came after.

        Of what came up to there, a viewer that only added streams still lacks its former ones: `before`.
        """
        held = self._held.pop(run, [])
        pending = self._pending.setdefault(run, Pending())
        pending.attempt, pending.seq = attempt, seq
        for message in held:
            if (message.attempt, message.seq) > (attempt, seq):
                pending.take(self.streams, message)
            elif before is not None:
                pending.take(before, message)
        self.dirty.set()

    def resync(self, run: str) -> None:
        """What was delivered of this run holds no more: its history is sent afresh."""
        self._pending[run] = Pending(overrun=True)
        self.dirty.set()

    def change(self, topic: str, counts: dict[str, Any] | None) -> None:
        """The newest counts of a topic are delivered, however often it changed."""
        self._changed[topic] = counts
        self.dirty.set()

    def changed(self) -> dict[str, dict[str, Any] | None]:
        """Topics that changed since this was last asked, those that are still followed."""
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
        """Whatever comes of this run stirs that topic, until `forget`."""
        self._topics[run] = topic

    def forget(self, run: str) -> None:
        self._topics.pop(run, None)

    def stir(self, topic: str) -> None:
        """Something about it has changed; nobody is told who does not follow it."""
        if any(topic in outbox.topics for outbox in self._outboxes):
            self._stirred.add(topic)
            self._stirring.set()

    async def stirred(self) -> set[str]:
        """Topics that were stirred since this was last asked, as soon as there is one."""
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
        for outbox in self._outboxes:
            if run in outbox.runs:
                outbox.offer(run, frame)

    def tell(self, run: str, kind: str, step: float, time: float, data: dict[str, Any]) -> None:
        """Something about a run that its trainer did not say: a change of status."""
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
