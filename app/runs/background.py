"""The one lane in which runs wait that nobody started by hand: those of studies and of the notes' experiments.

A few of them at a time are in the queue of `app.runs.slots`, which puts them behind the runs that someone started by hand.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.runs.life import Runs

#: Places a slot: one for a run that goes, one for the run that takes over as soon as it has ended.
PLACES_A_SLOT = 2


class Lane:
    """Whoever has runs to make is a party; a free place goes to each party in its turn, so that a long study delays no other."""

    def __init__(self, runs: Runs, slots: int) -> None:
        self._runs = runs
        self._free = PLACES_A_SLOT * slots
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def start(self, party: str, begin: Callable[[], Awaitable[dict[str, Any]]], stopped: str | None = None) -> asyncio.Task[str]:
        """Wait for a place, then a task: it begins a run, gives its id when it has ended, and leaves the place.

        `begin` gives the run's record. Where the task is cancelled, the run is stopped for the reason `stopped`; without
        one it goes on.
        """
        await self._enter(party)
        task = asyncio.create_task(self._through(begin, stopped))
        task.add_done_callback(lambda _: self._leave())
        return task

    async def _through(self, begin: Callable[[], Awaitable[dict[str, Any]]], stopped: str | None) -> str:
        beginning = asyncio.ensure_future(begin())
        try:
            id = str((await asyncio.shield(beginning))["id"])
            await self._runs.until_ended(id)
            return id
        except asyncio.CancelledError:
            await asyncio.wait([beginning])  # a run that is half begun would be nobody's
            if beginning.exception() is None and stopped is not None:
                await asyncio.shield(self._runs.stop(beginning.result()["id"], stopped))
            raise

    async def _enter(self, party: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(party, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn at this very moment
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            party = next(iter(self._waiting))
            turns = self._waiting.pop(party)
            turn = turns.popleft()
            if turns:
                self._waiting[party] = turns  # behind the others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
