"""The one lane for runs that no user started by hand: those of studies and of the notes' experiments.

Only a few of them at a time are in the queue of `app.runs.slots`, behind the runs that someone started by hand.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.runs.life import Runs

#: Places per slot: one for a run that trains, one for the run that takes over as soon as it has ended.
PLACES_A_SLOT = 2


class Lane:
    """Each owner of waiting runs is a party; free places go to the parties in turn, so that a long study does not delay the others."""

    def __init__(self, runs: Runs, slots: int) -> None:
        self._runs = runs
        self._free = PLACES_A_SLOT * slots
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def start(self, party: str, begin: Callable[[], Awaitable[dict[str, Any]]], stopped: str | None = None) -> asyncio.Task[str]:
        """Wait for a place, then return a task: it begins a run, returns its id when it has ended, and frees the place.

        `begin` returns the run's record. If the task is cancelled, the run is stopped for the reason `stopped`; without
        a reason it continues.
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
            await asyncio.wait([beginning])  # otherwise a run that has only half begun would have no owner
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
            if turn.done() and not turn.cancelled():  # it got its turn at this very moment
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
