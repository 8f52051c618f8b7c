"""Scheduling: slots are shares of a core, given to paused runs that resume, then in order of request, background runs last."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from app.executors.base import Executor
from app.runs.active import Active
from app.settings import Settings
from app.words.problems import Problem
from dynascope.sentence import say

#: The most processes per core, and the memory that must be free before one more starts.
PROCESSES_A_CORE = 16
FREE_MEMORY = 300 << 20
MEASURE = 1.0


class Slots:
    """`active` is only read: its owner adds and removes the runs. `launch` starts a run whose turn it is."""

    def __init__(self, settings: Settings, executor: Executor, active: Mapping[str, Active], launch: Callable[[Active], None]) -> None:
        self._settings, self._executor, self._active, self._launch = settings, executor, active, launch
        self._queue: deque[str] = deque()
        self._behind: deque[str] = deque()
        self._resuming: deque[tuple[str, asyncio.Event]] = deque()
        self._closing = False

    def state(self) -> dict[str, Any]:
        waiting = len(self._queue) + len(self._behind)
        going = sum(run.holds_slot for run in self._active.values())
        return {"slots": self._settings.slots, "used": round(self._used(), 3), "running": going, "queued": waiting}

    def refuse_when_full(self) -> None:
        if len(self._queue) >= self._settings.max_queued:
            raise Problem(
                429,
                say(
                    "{count} runs wait already, {most} may; wait for some to end or stop them",
                    count=len(self._queue),
                    most=self._settings.max_queued,
                ),
            )

    def enqueue(self, run: Active) -> None:
        """The run waits for its turn, which the next `give` may bring."""
        self._line(run).append(run.id)

    def withdraw(self, run: Active) -> None:
        if run.id in self._line(run):
            self._line(run).remove(run.id)

    def give(self) -> None:
        """Assign free slots: to paused runs that continue, then in order of request, background runs last."""
        if self._closing:
            return
        while self._resuming and self._used() < self._settings.slots:
            paused, granted = self._resuming.popleft()
            run = self._active.get(paused)
            if run is not None:  # else it has just ended
                run.granted = run.status == "paused"
                granted.set()
        for line in (self._queue, self._behind):
            while line and self._room_for(self._active[line[0]]):
                run = self._active[line.popleft()]
                run.status = "starting"
                self._launch(run)
            if line:
                return

    async def take(self, run: Active, deadline: float) -> None:
        """A paused run has given its slot back; it continues as soon as one is free, before the runs that wait to start.

        It also returns if the run has ended meanwhile; the caller must check this.
        """
        granted = asyncio.Event()
        self._resuming.append((run.id, granted))
        self.give()
        waiting = [asyncio.create_task(event.wait()) for event in (granted, run.ended)]
        try:
            done, _ = await asyncio.wait(waiting, timeout=max(0.0, deadline - time.monotonic()), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            self._resuming = deque(item for item in self._resuming if item[1] is not granted)
        if not done:
            raise Problem(503, say("no slot is free; pause or stop another run, then resume this one"))

    def settle(self, run: Active) -> None:
        """Its trainer continues, or has not answered: from now on its status says whether it holds a slot."""
        run.granted = False
        self.give()

    async def measure(self) -> None:
        """A paced run takes its measured share of a core: its use during about the last second. A run without a pace takes
        a whole core, however little time a busy machine gives it."""
        while True:
            await asyncio.sleep(MEASURE)
            for run in list(self._active.values()):
                used = self._executor.cpu_seconds(run.process) if run.process and run.holds_slot else None
                now = time.monotonic()
                if used is not None and run.cpu is not None and run.spec["pace"] is not None:
                    run.share = min(1.0, max(0.02, (used - run.cpu[0]) / (now - run.cpu[1])))
                run.cpu = None if used is None else (used, now)
            self.give()

    def close(self) -> None:
        """No slot is assigned any more."""
        self._closing = True

    def _line(self, run: Active) -> deque[str]:
        return self._behind if run.background else self._queue

    def _used(self, by_hand: bool = False) -> float:
        """`by_hand`: only the slots of runs that are not in the background."""
        return sum(run.share for run in self._active.values() if run.holds_slot and not (by_hand and run.background))

    def _room_for(self, run: Active) -> bool:
        processes = sum(other.process is not None or other.status == "starting" for other in self._active.values())
        if processes == 0:
            return True
        # A run started by hand does not wait for the end of a background run, which is niced and yields to it.
        fits = self._used(by_hand=not run.background) + run.share <= self._settings.slots + 1e-9
        return fits and processes < PROCESSES_A_CORE * (os.cpu_count() or 1) and psutil.virtual_memory().available > FREE_MEMORY
