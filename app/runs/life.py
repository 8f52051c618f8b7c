"""The life of a run: queued → starting → running ⇄ paused → ended, and how controls reach a trainer."""

import asyncio
import contextlib
import hashlib
import json
import logging
import secrets
import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from app.executors.base import Executor, OnExit, Started
from app.hub import topics
from app.hub.hub import Hub
from app.planner.planner import Planner
from app.runs.active import Active, Link, exit_words, first_share, job_of, layers_of, new_record, note_diagnosis, note_latest, with_changes
from app.runs.resuming import began_with, keep_newest, link, made_after, made_before, point_of, refuse_unless_it_can, there
from app.runs.slots import Slots
from app.settings import Settings
from app.store import frames, history, records
from app.store.database import Store
from app.store.rewind import newest, rewind
from app.words.problems import Problem, no_such_run, of_trainer
from dynascope import __version__
from dynascope.messages import Control, Event, RunEnded, RunStarted, Scalars, Sent, encode
from dynascope.sentence import recall, say
from dynascope.sinks import journal
from trainer.spec import FieldError

log = logging.getLogger(__name__)

#: Seconds that a deleted run's process may take to end before it is killed, for its folder goes then.
GOING = 5.0
#: Seconds until an end that could not be stored is stored again.
AGAIN = 5.0
#: The checkpoint that a forked run goes on from, in its own folder: its parent may be deleted before it starts.
BEGIN = "begin.safetensors"


class Runs:
    def __init__(self, settings: Settings, store: Store, hub: Hub, planner: Planner, executor: Executor) -> None:
        self._settings, self._store, self._hub = settings, store, hub
        self._planner, self._executor = planner, executor
        self._active: dict[str, Active] = {}
        self._slots = Slots(settings, executor, self._active, lambda run: self._spawn(self._launch(run)))
        self._creating = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    # ---- what users ask for

    async def create(self, spec: dict[str, Any], request_key: str | None = None, background: bool = False) -> tuple[dict[str, Any], bool]:
        """`(record, is new)`. The same key with the same spec gives the run that the first request made."""
        body_hash = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        plan = await self._planner.ask("plan", spec=spec)
        async with self._creating:
            if request_key:
                used = await self._store.read(records.by_request, request_key)
                if used:
                    return await self._repeated(used, body_hash, request_key), False
            record = new_record(plan["spec"], request_key, body_hash)
            return await self._enqueue(record, background), True

    async def of_study(self, spec: dict[str, Any], study: str, cell: int) -> dict[str, Any]:
        """A new run in the background. Its spec is a full one that a plan was made of: runs of a cell differ in their seed alone."""
        return await self._enqueue(new_record(spec, None, None) | {"study": study, "cell": cell}, background=True)

    async def fork(self, id: str, at: float | None, changes: dict[str, Any]) -> dict[str, Any]:
        """A new run that goes on from a checkpoint of this one, or from its state now where `at` is None."""
        parent = await self.record(id)
        step, file = await self._checkpoint(parent, at)
        spec = made_before(parent, await self._store.read(history.read_events, id), step)
        name = {"name": f"{(parent['name'] or parent['id'])[:180]} ⑂ {step:,.0f}"} | changes
        plan = await self._planner.ask("fork", spec=spec, changes=name, step=step)
        record = new_record(plan["spec"], None, None) | {"parent": id, "forked_at": step, "step": step}
        begin = self._folder(record["id"]) / BEGIN
        try:
            await asyncio.to_thread(link, self._folder(id) / "checkpoints" / file, begin)
            async with self._creating:
                return await self._enqueue(record)
        except FileNotFoundError:
            msg = say("the checkpoint to go on from was just deleted or replaced by a newer one; try again")
            raise Problem(409, msg) from None
        finally:
            if record["id"] not in self._active:
                await asyncio.to_thread(shutil.rmtree, self._folder(record["id"]), True)

    async def resume(self, id: str, at: float | None, changes: dict[str, Any], background: bool = False) -> dict[str, Any]:
        """The same run goes on from a checkpoint, its newest where `at` is None, as its next attempt."""
        async with self._creating:
            record = await self.record(id)
            refuse_unless_it_can(record, changes)
            step, file = point_of(record, await self.checkpoints(id), at)
            events = await self._store.read(history.read_events, id)
            now, again = made_after(record, events, step, changes)
            path = str((self._folder(id) / "checkpoints" / file).resolve()) if file else None
            plan = await self._planner.ask("resume", spec=made_before(record, events, step), changes=now, step=step, checkpoint=path)
            if not background:
                self._slots.refuse_when_full()
            told = {"checkpoint": file, "changes": now, "again": again, "version": __version__}
            latest = await self._store.write(rewind, id, record["attempt"] + 1, step, file is None, told)
            share = first_share(plan["spec"])
            run = Active(id, plan["spec"], record["attempt"] + 1, "queued", share=share, step=step, latest=latest)
            run.background = background
            self._admit(run, record["study"])
            self._hub.resync(id)
            return await self.record(id) | {"spec": plan["spec"]}

    async def _checkpoint(self, parent: dict[str, Any], at: float | None) -> tuple[float, str]:
        """`(step, file)` to go on from."""
        run = self._active.get(parent["id"])
        if at is None and run is not None and run.status in ("running", "paused"):
            answer = await self.control(run.id, "checkpoint", {})
            if "checkpoint" in answer:
                return float(answer["step"]), str(answer["checkpoint"])
        held = await self.checkpoints(parent["id"])
        found = [c for c in held if at is None or c["step"] == at]
        if found:
            return float(found[-1]["step"]), str(found[-1]["file"])
        if at is None or not held:
            status = run.status if run else parent["status"]
            raise Problem(
                409, say("the run ({status}) has no state to go on from: it has not started, or ended without a checkpoint", status=status)
            )
        steps = ", ".join(f"{c['step']:g}" for c in held[-20:])
        raise Problem.of_fields(
            [FieldError(loc="at", msg=say("there is no checkpoint at this step; now and these are: {steps}", steps=steps), got=at)]
        )

    async def checkpoints(self, id: str) -> list[dict[str, Any]]:
        """`step`, `file`, `time`, `automatic` of each that is there, oldest first."""
        return there(await self._store.read(history.read_events, id), self._folder(id) / "checkpoints")

    def slots(self) -> dict[str, Any]:
        return self._slots.state()

    async def _enqueue(self, record: dict[str, Any], background: bool = False) -> dict[str, Any]:
        if not background:
            self._slots.refuse_when_full()
        await self._store.write(records.add, record)
        run = Active(record["id"], record["spec"], 1, "queued", share=first_share(record["spec"]), step=record["step"])
        run.background = background
        self._admit(run, record["study"])
        return {key: value for key, value in record.items() if key not in records.PRIVATE} | {"status": run.status}

    def _admit(self, run: Active, study: str | None) -> None:
        self._active[run.id] = run
        if study:
            self._hub.belongs(run.id, topics.of_study(study))
        self._hub.stir(topics.RUNS)
        self._slots.enqueue(run)
        self._slots.give()

    async def _repeated(self, used: tuple[str, str], body_hash: str, key: str) -> dict[str, Any]:
        if used[1] != body_hash:
            error = FieldError(loc="Idempotency-Key", msg=say("this key was used for another spec; use a new key for each run"), got=key)
            raise Problem(422, error.msg, [error])
        record = await self._store.read(records.one, used[0])
        assert record is not None
        return record

    async def control(self, id: str, action: str, changes: dict[str, Any]) -> dict[str, Any]:
        """The event's data and step, once the trainer has applied the command at a step boundary."""
        run = await self._controllable(id)
        if run.status == "queued":
            if action != "stop":
                raise Problem(409, say("the run is queued and has no trainer yet; wait until it runs, or stop it"))
            await self._finish(run, "stopped", say("stopped before it started"))
            return {"action": action, "step": 0, "status": "stopped", "changes": {}}
        if action == "set":
            await self._planner.ask("changes", spec=run.spec, changes=changes)
        deadline = time.monotonic() + self._settings.control_timeout
        try:
            if action == "resume" and run.status == "paused":
                await self._slots.take(run, deadline)
            answer = await self._command(run, Control(id=uuid.uuid4().hex, action=action, changes=changes), deadline)
        finally:
            if action == "resume":
                self._slots.settle(run)
        if "error" in answer:
            raise of_trainer(answer["error"])
        return answer

    async def _controllable(self, id: str) -> Active:
        run = self._active.get(id)
        if run is not None:
            return run
        record = await self._store.read(records.one, id)
        if record is None:
            raise no_such_run(id)
        raise Problem(
            409,
            say(
                "the run has ended ({status}: {end_reason}); resume it, or start a new one",
                status=record["status"],
                end_reason=record["end_reason"],
            ),
        )

    async def _command(self, run: Active, control: Control, deadline: float) -> dict[str, Any]:
        if run.ended.is_set():  # while the change was checked, or a slot waited for
            run = await self._controllable(run.id)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        run.reply[control.id] = future
        sending = asyncio.create_task(self._send(run, control))
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await future  # which the run's end answers too
        except TimeoutError:
            raise Problem(503, say("the trainer did not answer in time; it may be away or in a long step. Try again")) from None
        finally:
            run.reply.pop(control.id, None)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, run: Active, control: Control) -> None:
        """To the trainer, once it is there; to one whose connection broke just now, when it is there again."""
        while True:
            await run.linked.wait()
            link = run.link
            assert link is not None
            try:
                return await link.send(encode(control))
            except ConnectionError:
                self.disconnected(run.id, link)

    async def stop(self, id: str, reason: str) -> None:
        """End a run that may go on: by its trainer, or by a signal where that doesn't answer. Returns once it has ended."""
        run = self._active.get(id)
        if run is None:
            return
        run.verdict = ("stopped", reason)
        if run.status == "queued":
            await self._finish(run, *run.verdict)
        else:
            try:
                deadline = time.monotonic() + self._settings.control_timeout
                await self._command(run, Control(id=uuid.uuid4().hex, action="stop", changes={}), deadline)
            except Problem:
                if run.process:
                    self._executor.terminate(run.process)
        await run.ended.wait()

    async def until_ended(self, id: str) -> None:
        run = self._active.get(id)
        if run is not None:
            await run.ended.wait()

    async def wait(self, id: str, seconds: float) -> dict[str, Any]:
        """The record once the run has ended, or as it is at the time-out."""
        run = self._active.get(id)
        if run is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.ended.wait(), seconds)
        return await self.record(id)

    async def record(self, id: str) -> dict[str, Any]:
        record = await self._store.read(records.one, id)
        if record is None:
            raise no_such_run(id)
        return self.freshened(record)

    def freshened(self, record: dict[str, Any]) -> dict[str, Any]:
        """A stored record with what is known since it was stored."""
        run = self._active.get(record["id"])
        if run is None:
            return record
        known = {"status": run.status, "step": run.step, "diagnosis": run.diagnosis}
        return record | known | {"latest": record["latest"] | run.latest}

    async def change(self, id: str, values: dict[str, Any]) -> dict[str, Any]:
        """Name, tags or notes."""
        await self.record(id)
        await self._store.write(records.change, id, values)
        self._hub.stir(topics.RUNS)
        return await self.record(id)

    def that_use(self, upload: str) -> list[str]:
        """Runs that have not ended and read this upload."""
        return [run.id for run in self._active.values() if run.spec["data"]["params"].get("id") == upload]

    async def delete(self, id: str) -> None:
        going, removed = [id], 0
        while going:
            await self._end_for_good(id)
            going, removed = await self.remove_ended(going)
        if not removed:
            raise no_such_run(id)

    async def remove_ended(self, ids: list[str]) -> tuple[list[str], int]:
        """Those of them that have ended go, in one transaction. Gives those that were resumed meanwhile, and how many went."""
        async with self._creating:
            ended = [id for id in ids if id not in self._active]
            removed = await self._store.write(records.remove, ended)
        self._hub.stir(topics.RUNS)
        for id in ended:
            await asyncio.to_thread(shutil.rmtree, self._folder(id), True)
        return [id for id in ids if id not in ended], removed

    async def _end_for_good(self, id: str) -> None:
        run = self._active.get(id)
        if run is None:
            return
        run.verdict = ("stopped", say("deleted while it ran"))
        if run.process:
            self._executor.terminate(run.process)
        await self._finish(run, *run.verdict)
        await run.ended.wait()  # where another was about to end it
        if run.process:  # it may write until it is gone
            try:
                await asyncio.wait_for(run.gone.wait(), GOING)
            except TimeoutError:
                self._executor.kill(run.process)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(run.gone.wait(), GOING)

    # ---- what trainers say

    async def by_token(self, token_hash: str) -> str | None:
        return await self._store.read(records.by_token, token_hash)

    async def stored_seq(self, id: str) -> int:
        record = await self._store.read(records.one, id)
        return int(record["seq"]) if record else 0

    def connected(self, id: str, link: Link) -> None:
        run = self._active.get(id)
        if run is not None:
            run.link = link
            run.linked.set()
            self._adopt(run)

    def disconnected(self, id: str, link: Link) -> None:
        run = self._active.get(id)
        if run is not None and run.link is link:
            run.link = None
            run.linked.clear()

    async def observe(self, id: str, frame: list[Sent]) -> None:
        """Take note of a frame that has just been stored."""
        run = self._active.get(id)
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
                    await self._controlled(run, message)
                elif message.kind == "diagnosis":
                    note_diagnosis(run, message)
                    await self._store.write(records.change, run.id, {"diagnosis": run.diagnosis})
            elif isinstance(message, RunEnded):
                run.step = message.step
                await self._finish(run, message.status, recall(message.reason, message.sentence))

    async def _started(self, run: Active, message: RunStarted) -> None:
        if not message.preloaded:
            log.error("run %s started in a process that had preloaded nothing: runs start slowly", run.id)
        run.pid = message.pid
        self._adopt(run)
        known = {"pid": run.process.pid, "pid_started": run.process.created} if run.process else {}
        await self._set_status(run, "running", {"layers": layers_of(message.layers), **known})

    async def _controlled(self, run: Active, message: Event) -> None:
        status = message.data.get("status")
        if status in ("running", "paused") and status != run.status:
            await self._set_status(run, status)
        run.spec = with_changes(run.spec, [{"kind": message.kind, "data": message.data}])
        if run.spec["pace"] is None:
            run.share = 1.0  # a paced one's is measured
        future = run.reply.get(message.data.get("id", ""))
        if future is not None and not future.done():
            future.set_result({**message.data, "step": message.step})

    # ---- starting and ending

    async def _launch(self, run: Active) -> None:
        try:
            await self._start(run)
        except Exception as error:  # no process, or no word of it in the store: a run that nobody would ever end
            if run.process:
                self._executor.terminate(run.process)
            if not isinstance(error, OSError | EOFError):
                log.exception("run %s could not be started", run.id)
            await self._finish(run, "failed", say("no worker could be started: {error}", error=error))

    async def _start(self, run: Active) -> None:
        token = secrets.token_urlsafe(24)
        values = {"ingest_hash": hashlib.sha256(token.encode()).hexdigest(), "started": time.time(), "attempt": run.attempt}
        await self._set_status(run, "starting", values)
        events = await self._store.read(history.read_events, run.id)
        begun = began_with(events, run.attempt, self._folder(run.id) / "checkpoints", self._folder(run.id) / BEGIN)
        run.process = await self._executor.start(job_of(run, token, begun, self._settings), self._on_exit(run))
        if run.ended.is_set():  # deleted before there was a process to end
            self._executor.terminate(run.process)
            await run.gone.wait()
            return await asyncio.to_thread(shutil.rmtree, self._folder(run.id), True)
        if run.verdict is not None:  # stopped before there was a process to stop
            self._executor.terminate(run.process)
        await self._store.write(records.change, run.id, {"pid": run.process.pid, "pid_started": run.process.created})

    def _adopt(self, run: Active) -> None:
        """A worker whose server died before it had written down which it is. While it is connected, its pid is no other's."""
        if run.process is None and run.pid is not None and run.link is not None:
            self._watch(run, Started.of(run.pid))

    def _watch(self, run: Active, process: Started) -> None:
        """Hear of the end of a worker that another server started."""
        run.process = process
        if not self._executor.adopt(process, self._on_exit(run)):
            gone = say("the worker (pid {pid}) was gone when the server came back", pid=process.pid)
            self._spawn(self._exited(run, None, ("interrupted", gone)))

    def _on_exit(self, run: Active) -> OnExit:
        return lambda code: self._spawn(self._exited(run, code))

    async def _exited(self, run: Active, code: int | None, unsaid: tuple[str, str] | None = None) -> None:
        """A worker is gone. What it could not send is in its journal; `unsaid` is the end of a run whose journal has none."""
        run.gone.set()
        if run.ended.is_set():
            return
        await self._import_journal(run)
        if not run.ended.is_set():
            status, reason = run.verdict or unsaid or ("failed", exit_words(run.process, code))
            await self._finish(run, status, reason)

    async def _import_journal(self, run: Active) -> None:
        for payload in await asyncio.to_thread(lambda: list(journal.read(self._journal(run)))):
            try:
                frame = frames.verified(run.id, payload)
                if await self._store.write(history.append, run.id, frame, payload):
                    await self.observe(run.id, frame)
            except (frames.Refused, history.OutOfOrder, ValueError) as error:
                log.warning("run %s: its journal can't be read on: %s", run.id, error)
                return

    def _journal(self, run: Active) -> Path:
        return self._folder(run.id) / f"{run.attempt}.journal"

    def _folder(self, id: str) -> Path:
        return self._settings.data / "runs" / id

    async def _finish(self, run: Active, status: str, reason: str) -> None:
        if run.ended.is_set() or run.ending:
            return
        if run.verdict is not None:
            status, reason = run.verdict
        before, run.ending = run.status, True
        self._slots.withdraw(run)
        values = {"end_reason": reason, "ended": time.time(), "latest": run.latest, "step": run.step}
        try:
            await self._store.write(history.fold, run.id, True)
            await self._set_status(run, status, values)
        except Exception:
            run.status, run.ending = before, False
            self._spawn(self._finish_later(run, status, reason))
            raise
        self._active.pop(run.id, None)
        self._hub.forget(run.id)
        run.ended.set()
        for future in run.reply.values():
            if not future.done():
                future.set_result({"status": status, "step": run.step})
        self._journal(run).unlink(missing_ok=True)
        self._slots.give()
        if run.background:  # there may be thousands
            await asyncio.to_thread(keep_newest, self._folder(run.id) / "checkpoints")

    async def _finish_later(self, run: Active, status: str, reason: str) -> None:
        """Again and again: the disk may be full for long, and a run whose end is stored nowhere would hold its place for good."""
        await asyncio.sleep(AGAIN)
        await self._finish(run, status, reason)

    async def _set_status(self, run: Active, status: str, values: dict[str, Any] | None = None) -> None:
        values = values or {}
        run.status = status
        await self._store.write(records.change, run.id, {"status": status, **values})
        self._hub.tell(run.id, "status", run.step or 0.0, time.time(), {"status": status, "end_reason": values.get("end_reason")})
        if status == "paused":
            self._slots.give()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a task about a run failed", exc_info=task.exception())

    # ---- the server's own life

    async def recover(self) -> None:
        """Take up what the last server left: queued runs wait again, living workers are watched, dead ones end."""
        left = await self._store.read(records.active)
        for record in left:
            run = Active(record["id"], record["spec"], record["attempt"], record["status"], share=first_share(record["spec"]))
            run.latest, run.diagnosis = record["latest"] | await self._store.read(newest, run.id), record["diagnosis"]
            run.step = record["step"] or await self._store.read(history.updates_made, run.id)
            run.spec = with_changes(run.spec, await self._store.read(history.read_events, run.id))
            self._active[run.id] = run
            run.background = record["study"] is not None
            if record["study"]:
                self._hub.belongs(run.id, topics.of_study(record["study"]))
            if run.status == "queued":
                self._slots.enqueue(run)
        for record in left:
            run = self._active[record["id"]]
            run.process = None if record["pid"] is None else Started(record["pid"], record["pid_started"])
            # What was stored last may have been taken note of by nobody: its end too.
            await self.observe(run.id, await self._store.read(history.not_folded, run.id))
            if record["status"] == "queued" or run.ended.is_set():
                continue
            if run.process is not None:
                self._watch(run, run.process)
            else:
                self._spawn(self._expect(run))
        self._spawn(self._slots.measure())
        self._slots.give()

    async def _expect(self, run: Active) -> None:
        """A worker that was starting when the last server died: it may yet come."""
        try:
            await asyncio.wait_for(run.linked.wait(), self._settings.silence)
        except TimeoutError:
            await self._finish(run, "interrupted", say("the server ended while this run was starting"))

    async def close(self) -> None:
        """Runs end with their server: each worker is asked to, and what it could not send any more is read."""
        self._slots.close()
        for run in list(self._active.values()):
            if run.process is not None:
                run.verdict = ("interrupted", say("the server was stopped"))
                self._executor.terminate(run.process)
        going = [run.ended.wait() for run in self._active.values() if run.process is not None]
        try:
            await asyncio.wait_for(asyncio.gather(*going), 5)
        except TimeoutError:
            log.warning("some workers did not end within 5 s; they are taken up at the next start, or end by themselves")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
