"""How a run gets its worker, and how a server takes over the runs of the last server."""

import asyncio
import hashlib
import logging
import secrets
import shutil
import time

from app.executors.base import Executor, Started
from app.runs.active import Active, first_share, job_of, with_changes
from app.runs.ending import Ending
from app.runs.folders import Folders
from app.runs.listening import Listening
from app.runs.registry import Registry
from app.runs.resuming import began_with
from app.runs.slots import Slots
from app.runs.tasks import Tasks
from app.settings import Settings
from app.store import history, records
from app.store.database import Store
from app.store.rewind import newest
from dynascope.sentence import say

log = logging.getLogger(__name__)


class Starting:
    def __init__(
        self,
        settings: Settings,
        store: Store,
        registry: Registry,
        slots: Slots,
        executor: Executor,
        folders: Folders,
        tasks: Tasks,
        listening: Listening,
        ending: Ending,
    ) -> None:
        self._settings, self._store, self._registry, self._slots = settings, store, registry, slots
        self._executor, self._folders, self._tasks = executor, folders, tasks
        self._listening, self._ending = listening, ending

    async def launch(self, run: Active) -> None:
        """Start a run whose turn it is; if it can't be started, it ends as failed."""
        try:
            await self._start(run)
        except Exception as error:  # no process, or no entry in the store: nothing else would end this run
            if run.process:
                self._executor.terminate(run.process)
            if not isinstance(error, OSError | EOFError):
                log.exception("run %s could not be started", run.id)
            await self._ending.finish(run, "failed", say("no worker could be started: {error}", error=error))

    async def _start(self, run: Active) -> None:
        token = secrets.token_urlsafe(24)
        values = {"ingest_hash": hashlib.sha256(token.encode()).hexdigest(), "started": time.time(), "attempt": run.attempt}
        await self._registry.set_status(run, "starting", values)
        events = await self._store.read(history.read_events, run.id)
        begun = began_with(events, run.attempt, self._folders.checkpoints(run.id), self._folders.begin(run.id))
        run.process = await self._executor.start(job_of(run, token, begun, self._settings), self._listening.on_exit(run))
        if run.ended.is_set():  # deleted before there was a process to end
            self._executor.terminate(run.process)
            await run.gone.wait()
            return await asyncio.to_thread(shutil.rmtree, self._folders.of(run.id), True)
        if run.verdict is not None:  # stopped before there was a process to stop
            self._executor.terminate(run.process)
        await self._store.write(records.change, run.id, {"pid": run.process.pid, "pid_started": run.process.created})

    async def recover(self) -> None:
        """Take over the runs of the last server: queued runs wait again, living workers are watched, dead ones end."""
        left = await self._store.read(records.active)
        for record in left:
            run = Active(record["id"], record["spec"], record["attempt"], record["status"], share=first_share(record["spec"]))
            run.latest, run.diagnosis = record["latest"] | await self._store.read(newest, run.id), record["diagnosis"]
            run.step = record["step"] or await self._store.read(history.updates_made, run.id)
            run.spec = with_changes(run.spec, await self._store.read(history.read_events, run.id))
            run.background = record["study"] is not None
            self._registry.add(run, record["study"])
            if run.status == "queued":
                self._slots.enqueue(run)
        for record in left:
            run = self._registry.active[record["id"]]
            run.process = None if record["pid"] is None else Started(record["pid"], record["pid_started"])
            # The last stored frames may not have been processed, and may include its end.
            await self._listening.observe(run.id, await self._store.read(history.not_folded, run.id))
            if record["status"] == "queued" or run.ended.is_set():
                continue
            if run.process is not None:
                self._listening.watch(run, run.process)
            else:
                self._tasks.spawn(self._expect(run))
        self._tasks.spawn(self._slots.measure())
        self._slots.give()

    async def _expect(self, run: Active) -> None:
        """A worker that was starting when the last server died: it may still connect."""
        try:
            await asyncio.wait_for(run.linked.wait(), self._settings.silence)
        except TimeoutError:
            await self._ending.finish(run, "interrupted", say("the server ended while this run was starting"))
