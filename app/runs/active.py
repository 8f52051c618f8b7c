"""A run that has not ended, as this process knows it, and the values that are read from its trainer's messages."""

import asyncio
import json
import math
import secrets
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np

from app.executors.base import Started
from app.settings import Settings
from dynascope import __version__
from dynascope.messages import STEP, VALUE, Event, Layer, Scalars
from dynascope.sentence import say
from trainer.spec import put_at

#: The additional niceness of a run in the background.
NICER = 5
#: A paced run's share of a core until it is measured, as if a step took this many seconds.
SECONDS_A_STEP = 0.002


class Link(Protocol):
    """A trainer's connection."""

    async def send(self, data: bytes) -> None: ...


@dataclass
class Active:
    """A run that has not ended, as this process knows it. Everything that must survive this process is in the store."""

    id: str
    spec: dict[str, Any]
    attempt: int
    status: str
    share: float = 1.0
    process: Started | None = None
    #: The process id that its trainer reports.
    pid: int | None = None
    link: Link | None = None
    latest: dict[str, float | None] = field(default_factory=dict)
    step: float | None = None
    diagnosis: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    linked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    #: Its process has ended.
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    cpu: tuple[float, float] | None = None
    #: No user started it directly: it waits behind the runs that were started by hand.
    background: bool = False
    #: Its end is being stored; until that is done, its status stays the same.
    ending: bool = False
    #: It is paused and has been given a slot to continue.
    granted: bool = False
    #: The end that the server decided for this run, whatever its trainer reports.
    verdict: tuple[str, str] | None = None

    @property
    def holds_slot(self) -> bool:
        return self.granted or self.status in ("starting", "running")

    def connect(self, link: Link) -> None:
        self.link = link
        self.linked.set()

    def disconnect(self, link: Link) -> None:
        """Does nothing if its trainer already has another connection."""
        if self.link is link:
            self.link = None
            self.linked.clear()


def exit_words(process: Started | None, code: int | None) -> str:
    pid = process.pid if process else "?"
    if code is None:
        return say("the worker (pid {pid}) died; how is not known, because the server was restarted while it ran", pid=pid)
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
        hint = say("; the machine may be out of memory") if name == "SIGKILL" else ""
        return say("the worker (pid {pid}) was killed by signal {code} ({name}){hint}", pid=pid, code=-code, name=name, hint=hint)
    return say(
        "the worker (pid {pid}) exited with code {code} before the run ended; see worker.log in the run's folder", pid=pid, code=code
    )


def new_record(spec: dict[str, Any], request_key: str | None, body_hash: str | None) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(8),
        "name": spec["name"],
        "tags": spec["tags"],
        "notes": spec["notes"],
        "spec": spec,
        "version": __version__,
        "execution": "single",
        "status": "queued",
        "end_reason": None,
        "created": time.time(),
        "started": None,
        "ended": None,
        "step": None,
        "layers": [],
        "latest": {},
        "attempt": 1,
        "seq": 0,
        "folded": 0,
        "pid": None,
        "ingest_hash": secrets.token_hex(32),
        "request_key": request_key,
        "request_hash": body_hash,
        "parent": None,
        "forked_at": None,
        "diagnosis": [],
        "study": None,
        "cell": None,
    }


def job_of(run: Active, token: str, begun: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The job for `trainer.worker`; `begun` is the state with which the attempt begins."""
    return {
        **begun,
        "keep": settings.checkpoint_seconds,
        "run": run.id,
        "attempt": run.attempt,
        "token": token,
        "spec": run.spec,
        "data": str(settings.data.resolve()),
        "patience": settings.silence,
        "nice": NICER if run.background else 0,
    }


def first_share(spec: dict[str, Any]) -> float:
    return 1.0 if spec["pace"] is None else min(1.0, max(0.05, spec["pace"] * SECONDS_A_STEP))


def note_latest(run: Active, message: Scalars) -> None:
    steps = np.frombuffer(message.steps, STEP)
    values = np.frombuffer(message.values, VALUE).reshape(len(message.names), -1)
    if len(steps):
        for name, row in zip(message.names, values, strict=True):
            last = float(row[-1])
            run.latest[name] = last if math.isfinite(last) else None
        updates = 1.0 if "train/loss" in message.names else 0.0  # update s + 1 is made from the batch of step s
        run.step = max(run.step or 0.0, float(steps[-1]) + updates)


def with_changes(spec: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """The spec after the changes that were made to the run."""
    out: dict[str, Any] = json.loads(json.dumps(spec))
    for event in events:
        for path, value in changes_of(event).items():
            put_at(out, path, value)
    return out


def changes_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The changes to its run that an event records: an applied live change, or the changes of a resume."""
    data = event["data"]
    applied = event["kind"] == "control" and data.get("action") == "set" and "error" not in data
    return dict(data["changes"]) if applied or event["kind"] == "resumed" else {}


def layers_of(layers: list[Layer]) -> list[dict[str, Any]]:
    return [msgspec.structs.asdict(layer) for layer in layers]


def note_diagnosis(run: Active, message: Event) -> None:
    """Keep the findings that are not over, the most severe first."""
    others = [finding for finding in run.diagnosis if finding["rule"] != message.data.get("rule")]
    if message.data.get("on"):
        others.append({"since": message.step, **message.data})
    run.diagnosis = sorted(others, key=lambda finding: finding.get("severity", 0))
