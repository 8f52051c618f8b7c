"""Commands from outside. They are applied between two steps; each is answered with one event that contains the step."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynascope.messages import Control
from dynascope.sentence import say
from dynascope.sinks.base import Sink
from trainer.plan import PlanError, check_changes
from trainer.spec import FieldError, RunSpec

ACTIONS = ("pause", "resume", "step", "stop", "set", "checkpoint")
#: Maximum number of commands that wait for a step boundary, and of remembered answered commands.
BOUND = 1000
#: A paced loop that is more than this behind does not try to catch up.
BEHIND = 0.25


class Commands:
    """A bounded queue; any thread may put commands into it. If it is full, the oldest command is dropped without an answer."""

    def __init__(self) -> None:
        self._waiting: deque[Control] = deque(maxlen=BOUND)
        self._arrived = threading.Condition()

    def put(self, control: Control) -> None:
        with self._arrived:
            self._waiting.append(control)
            self._arrived.notify()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self) -> Control | None:
        with self._arrived:
            return self._waiting.popleft() if self._waiting else None

    def wait(self, seconds: float | None) -> None:
        """Wait until a command is there or the time is over."""
        with self._arrived:
            if not self._waiting:
                self._arrived.wait(seconds)


class Steering:
    """A run's state under its commands: its current spec, whether it is paused, whether it must stop."""

    def __init__(
        self,
        spec: RunSpec,
        sink: Sink,
        commands: Commands,
        apply: Callable[[RunSpec], None],
        save: Callable[[], Mapping[str, Any]],
        again: Sequence[tuple[float, Mapping[str, Any]]] = (),
    ) -> None:
        """`again`: the live changes of an earlier attempt, each with its step; they are repeated at these steps."""
        self.spec = spec
        self.stopped = False
        self._sink, self._commands, self._apply, self._save = sink, commands, apply, save
        self._paused = False
        self._single = 0
        self._due = time.monotonic()
        self._answered: deque[str] = deque(maxlen=BOUND)
        self._again = deque(sorted(again, key=lambda change: change[0]))

    def repeat(self, step: int) -> None:
        """Repeat the changes that an earlier attempt made at this step."""
        while self._again and self._again[0][0] <= step:
            changes = dict(self._again.popleft()[1])
            told: dict[str, Any] = {"id": "", "action": "set", "changes": changes, "status": "running", "again": True}
            try:
                self._act("set", changes)
            except PlanError as refused:
                told["error"] = refused.told()
            self._sink.event(step, "control", told)

    def boundary(self, step: int) -> bool:
        """Apply the commands that have arrived; wait while paused or ahead of the pace. False: the run must stop."""
        if self.spec.pace is not None:
            now = time.monotonic()
            self._due = max(self._due + 1 / self.spec.pace, now - BEHIND)
        elif not self._commands and not self._paused:
            return True
        while True:
            while (control := self._commands.take()) is not None:
                self._obey(control, step)
            if self.stopped:
                return False
            if self._paused:
                if self._single:
                    self._single -= 1
                    return True
                self._commands.wait(None)
                continue
            ahead = self._due - time.monotonic() if self.spec.pace is not None else 0.0
            if ahead <= 0:
                return True
            self._commands.wait(ahead)

    def _obey(self, control: Control, step: int) -> None:
        if control.id in self._answered:
            return
        self._answered.append(control.id)
        answer: dict[str, Any] = {"id": control.id, "action": control.action, "changes": control.changes}
        try:
            self._act(control.action, control.changes)
            if control.action == "checkpoint":
                answer |= self._save()
        except PlanError as refused:
            answer["error"] = refused.told()
        status = "stopped" if self.stopped else "paused" if self._paused else "running"
        self._sink.event(step, "control", answer | {"status": status})

    def _act(self, action: str, changes: Mapping[str, Any]) -> None:
        if action == "set":
            self.spec = check_changes(self.spec, changes)
            self._apply(self.spec)
            self._due = min(self._due, time.monotonic() + (1 / self.spec.pace if self.spec.pace else 0))
        elif action == "step":
            self._paused, self._single = True, self._single + 1
        elif action in ("pause", "resume"):
            self._paused, self._single = action == "pause", 0
            self._due = time.monotonic()
        elif action == "stop":
            self.stopped = True
        elif action != "checkpoint":
            raise PlanError([FieldError(loc="action", msg=say("is not one of {list}", list=", ".join(ACTIONS)), got=action)])
