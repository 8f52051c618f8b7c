"""How a run ends, and how all runs end with their server."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.executors.base import Executor
from app.runs.active import Active
from app.runs.folders import Folders
from app.runs.registry import Registry
from app.runs.resuming import keep_newest
from app.runs.slots import Slots
from app.runs.tasks import Tasks
from app.store import history, records
from app.store.database import Store
from dynascope.sentence import say

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    #: Seconds for a deleted run's process to end before it is killed, because its folder is deleted then.
    going: float = 5.0
    #: Seconds until the server tries again to store an end.
    again: float = 5.0


class Ending:
    def __init__(
        self,
        store: Store,
        registry: Registry,
        slots: Slots,
        executor: Executor,
        folders: Folders,
        tasks: Tasks,
        patience: Patience,
    ) -> None:
        self._store, self._registry, self._slots = store, registry, slots
        self._executor, self._folders, self._tasks, self._patience = executor, folders, tasks, patience

    async def finish(self, run: Active, status: str, reason: str) -> None:
        """Store the end and notify everyone who waits for it; does nothing if the run has ended or its end is being stored."""
        if run.ended.is_set() or run.ending:
            return
        if run.verdict is not None:
            status, reason = run.verdict
        before, run.ending = run.status, True
        self._slots.withdraw(run)
        values = {"end_reason": reason, "ended": time.time(), "latest": run.latest, "step": run.step}
        try:
            await self._store.write(history.fold, run.id, True)
            await self._registry.set_status(run, status, values)
        except Exception:
            run.status, run.ending = before, False
            self._tasks.spawn(self._finish_later(run, status, reason))
            raise
        self._leave(run, status)
        self._folders.journal(run.id, run.attempt).unlink(missing_ok=True)
        self._slots.give()
        if run.background:  # there may be thousands
            await asyncio.to_thread(keep_newest, self._folders.checkpoints(run.id))

    async def _finish_later(self, run: Active, status: str, reason: str) -> None:
        """Try again and again: the disk may be full for long, and a run whose end is not stored would occupy its place for ever."""
        await asyncio.sleep(self._patience.again)
        await self.finish(run, status, reason)

    async def before_they_start(self, runs: list[Active], reason: str) -> None:
        """Stop runs that wait for their turn: one transaction for all of them; `finish` takes two for each."""
        async with self._withdrawn(runs):
            await self._registry.set_statuses(runs, "stopped", {"end_reason": reason, "ended": time.time()})

    async def unstarted(self, runs: list[Active]) -> None:
        """Delete runs that wait for their turn, in one transaction."""
        async with self._withdrawn(runs):
            await self._store.write(records.remove, [run.id for run in runs])

    @contextlib.asynccontextmanager
    async def _withdrawn(self, runs: list[Active]) -> AsyncIterator[None]:
        """None of them starts while its end is stored. If storing fails, all of them wait again, behind the others."""
        for run in runs:
            run.ending = True
            self._slots.withdraw(run)
        try:
            yield
        except Exception:
            for run in runs:
                run.status, run.ending = "queued", False
                self._slots.enqueue(run)
            raise
        for run in runs:
            self._leave(run, "stopped")

    def _leave(self, run: Active, status: str) -> None:
        """Notify everyone who waits for the end of a run."""
        self._registry.remove(run)
        run.ended.set()
        for future in run.reply.values():
            if not future.done():
                future.set_result({"status": status, "step": run.step})

    async def for_good(self, id: str) -> None:
        """End a run that will be deleted; returns after its process has ended too."""
        run = self._registry.active.get(id)
        if run is None:
            return
        run.verdict = ("stopped", say("deleted while it ran"))
        if run.process:
            self._executor.terminate(run.process)
        await self.finish(run, *run.verdict)
        await run.ended.wait()  # another task was about to end it
        if run.process:  # it may write until its process has ended
            try:
                await asyncio.wait_for(run.gone.wait(), self._patience.going)
            except TimeoutError:
                self._executor.kill(run.process)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(run.gone.wait(), self._patience.going)

    async def all(self) -> None:
        """End all runs when the server ends: each worker is asked to end, and its unsent messages are read from the journal."""
        self._slots.close()
        for run in list(self._registry.active.values()):
            if run.process is not None:
                run.verdict = ("interrupted", say("the server was stopped"))
                self._executor.terminate(run.process)
        going = [run.ended.wait() for run in self._registry.active.values() if run.process is not None]
        try:
            await asyncio.wait_for(asyncio.gather(*going), 5)
        except TimeoutError:
            log.warning("some workers did not end within 5 s; they are taken up at the next start, or end by themselves")
        await self._tasks.cancel()
