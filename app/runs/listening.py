"""Input from a run's worker: its connection, its frames, its exit, and the journal that it leaves."""

import asyncio
import logging

from app.executors.base import Executor, OnExit, Started
from app.runs.active import Active, Link, exit_words, layers_of, note_diagnosis, note_latest
from app.runs.controlling import Controlling
from app.runs.ending import Ending
from app.runs.folders import Folders
from app.runs.registry import Registry
from app.runs.tasks import Tasks
from app.store import frames, history, records
from app.store.database import Store
from dynascope.messages import Event, RunEnded, RunStarted, Scalars, Sent
from dynascope.sentence import recall, say
from dynascope.sinks import journal

log = logging.getLogger(__name__)


class Listening:
    def __init__(
        self,
        store: Store,
        registry: Registry,
        executor: Executor,
        folders: Folders,
        tasks: Tasks,
        controlling: Controlling,
        ending: Ending,
    ) -> None:
        self._store, self._registry, self._executor, self._folders, self._tasks = store, registry, executor, folders, tasks
        self._controlling, self._ending = controlling, ending

    async def by_token(self, token_hash: str) -> str | None:
        return await self._store.read(records.by_token, token_hash)

    async def stored_seq(self, id: str) -> int:
        record = await self._store.read(records.one, id)
        return int(record["seq"]) if record else 0

    def connected(self, id: str, link: Link) -> None:
        run = self._registry.active.get(id)
        if run is not None:
            run.connect(link)
            self._adopt(run)

    def disconnected(self, id: str, link: Link) -> None:
        run = self._registry.active.get(id)
        if run is not None:
            run.disconnect(link)

    async def observe(self, id: str, frame: list[Sent]) -> None:
        """Update the run from a frame that has just been stored."""
        run = self._registry.active.get(id)
        if run is None:
            return
        for message in frame:
            if isinstance(message, Scalars):
                note_latest(run, message)
            elif isinstance(message, RunStarted):
                await self._started(run, message)
            elif isinstance(message, Event):
                run.step = max(run.step or 0.0, message.step)
                if message.kind == "control":
                    await self._controlling.applied(run, message)
                elif message.kind == "diagnosis":
                    note_diagnosis(run, message)
                    await self._store.write(records.change, run.id, {"diagnosis": run.diagnosis})
            elif isinstance(message, RunEnded):
                run.step = message.step
                await self._ending.finish(run, message.status, recall(message.reason, message.sentence))

    def watch(self, run: Active, process: Started) -> None:
        """Watch for the end of a worker that another server started."""
        run.process = process
        if not self._executor.adopt(process, self.on_exit(run)):
            gone = say("the worker (pid {pid}) was gone when the server came back", pid=process.pid)
            self._tasks.spawn(self._exited(run, None, ("interrupted", gone)))

    def on_exit(self, run: Active) -> OnExit:
        return lambda code: self._tasks.spawn(self._exited(run, code))

    async def _started(self, run: Active, message: RunStarted) -> None:
        if not message.preloaded:
            log.error("run %s started in a process that had preloaded nothing: runs start slowly", run.id)
        run.pid = message.pid
        self._adopt(run)
        known = {"pid": run.process.pid, "pid_started": run.process.created} if run.process else {}
        await self._registry.set_status(run, "running", {"layers": layers_of(message.layers), **known})

    def _adopt(self, run: Active) -> None:
        """The server of this worker died before it stored the worker's pid. While the worker is connected, its pid can't be reused."""
        if run.process is None and run.pid is not None and run.link is not None:
            self.watch(run, Started.of(run.pid))

    async def _exited(self, run: Active, code: int | None, unsaid: tuple[str, str] | None = None) -> None:
        """A worker has ended. Its unsent messages are in its journal; `unsaid` is the run's end if the journal has none."""
        run.gone.set()
        if run.ended.is_set():
            return
        await self._import_journal(run)
        if not run.ended.is_set():
            status, reason = run.verdict or unsaid or ("failed", exit_words(run.process, code))
            await self._ending.finish(run, status, reason)

    async def _import_journal(self, run: Active) -> None:
        path = self._folders.journal(run.id, run.attempt)
        for payload in await asyncio.to_thread(lambda: list(journal.read(path))):
            try:
                frame = frames.verified(run.id, payload)
                if await self._store.write(history.append, run.id, frame, payload):
                    await self.observe(run.id, frame)
            except (frames.Refused, history.OutOfOrder, ValueError) as error:
                log.warning("run %s: its journal can't be read on: %s", run.id, error)
                return
