"""The life of a run: queued → starting → running ⇄ paused → ended; who may start, and how controls reach a trainer."""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import secrets
import shutil
import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import psutil

from app.active import Active, Link, exit_words, first_share, layers_of, new_record, note_diagnosis, note_latest, with_changes
from app.executors.base import Executor, OnExit, Started
from app.hub import Hub
from app.planner import Planner
from app.problems import Problem
from app.resuming import began_with, link, made_after, made_before, point_of, refuse_unless_it_can
from app.settings import Settings
from app.store import frames, history, records
from app.store.database import Store
from app.store.rewind import rewind
from dynascope import __version__
from dynascope.messages import Control, Event, RunEnded, RunStarted, Scalars, Sent, encode
from dynascope.sinks import journal
from trainer.spec import FieldError

log = logging.getLogger(__name__)

#: Processes a core at most, and memory that has to be free before one more starts.
PROCESSES_A_CORE = 16
FREE_MEMORY = 300 << 20
MEASURE = 1.0
#: The checkpoint that a forked run goes on from, in its own folder: its parent may be deleted before it starts.
BEGIN = "begin.safetensors"


class Runs:
    def __init__(self, settings: Settings, store: Store, hub: Hub, planner: Planner, executor: Executor) -> None:
        self._settings, self._store, self._hub = settings, store, hub
        self._planner, self._executor = planner, executor
        self._active: dict[str, Active] = {}
        self._queue: deque[str] = deque()
        self._resuming: deque[tuple[str, asyncio.Event]] = deque()
        self._creating = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False

    # ---- what users ask for

    async def create(self, spec: dict[str, Any], request_key: str | None = None) -> tuple[dict[str, Any], bool]:
        """`(record, is new)`. The same key with the same spec gives the run that the first request made."""
        body_hash = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        plan = await self._planner.ask("plan", spec=spec)
        async with self._creating:
            if request_key:
                used = await self._store.read(records.by_request, request_key)
                if used:
                    return await self._repeated(used, body_hash, request_key), False
            record = new_record(plan["spec"], request_key, body_hash)
            return await self._enqueue(record), True

    async def fork(self, id: str, at: float | None, changes: dict[str, Any]) -> dict[str, Any]:
        """A new run that goes on from a checkpoint of this one, or from its state now where `at` is None."""
        parent = await self.record(id)
        step, file = await self._checkpoint(parent, at)
        spec = await self._present_spec(parent)
        name = {"name": f"{(parent['name'] or parent['id'])[:180]} ⑂ {step:,.0f}"} | changes
        plan = await self._planner.ask("fork", spec=spec, changes=name, step=step)
        record = new_record(plan["spec"], None, None) | {"parent": id, "forked_at": step, "step": step}
        begin = self._folder(record["id"]) / BEGIN
        await asyncio.to_thread(link, self._folder(id) / "checkpoints" / file, begin)
        async with self._creating:
            return await self._enqueue(record)

    async def resume(self, id: str, at: float | None, changes: dict[str, Any]) -> dict[str, Any]:
        """The same run goes on from a checkpoint, its newest where `at` is None, as its next attempt."""
        async with self._creating:
            record = await self.record(id)
            refuse_unless_it_can(record, changes)
            step, file = point_of(record, await self.checkpoints(id), at)
            events = await self._store.read(history.read_events, id)
            now, again = made_after(record, events, step, changes)
            path = str((self._folder(id) / "checkpoints" / file).resolve()) if file else None
            plan = await self._planner.ask("resume", spec=made_before(record, events, step), changes=now, step=step, checkpoint=path)
            self._refuse_when_full()
            told = {"checkpoint": file, "changes": now, "again": again, "version": __version__}
            latest = await self._store.write(rewind, id, record["attempt"] + 1, step, file is None, told)
            share = first_share(plan["spec"])
            self._admit(Active(id, plan["spec"], record["attempt"] + 1, "queued", share=share, step=step, latest=latest))
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
            raise Problem(409, f"the run ({status}) has no state to go on from: it has not started, or ended without a checkpoint")
        steps = ", ".join(f"{c['step']:g}" for c in held[-20:])
        raise Problem.of_fields([FieldError(loc="at", msg=f"there is no checkpoint at this step; now and these are: {steps}", got=at)])

    async def checkpoints(self, id: str) -> list[dict[str, Any]]:
        """`step`, `file`, `time`, `automatic` of each that is there, oldest first."""
        events = await self._store.read(history.read_events, id)
        told = {
            e["data"]["file"]: {
                "step": e["step"],
                "file": e["data"]["file"],
                "time": e["time"],
                "automatic": e["data"].get("automatic", False),
            }
            for e in events
            if e["kind"] == "checkpoint"
        }
        folder = self._folder(id) / "checkpoints"
        return [c for c in told.values() if (folder / Path(c["file"]).name).exists()]

    async def _present_spec(self, record: dict[str, Any]) -> dict[str, Any]:
        run = self._active.get(record["id"])
        return run.spec if run else with_changes(record["spec"], await self._store.read(history.read_events, record["id"]))

    def slots(self) -> dict[str, Any]:
        waiting, going = len(self._queue), sum(run.holds_slot for run in self._active.values())
        return {"slots": self._settings.slots, "used": round(self._used(), 3), "running": going, "queued": waiting}

    async def _enqueue(self, record: dict[str, Any]) -> dict[str, Any]:
        self._refuse_when_full()
        await self._store.write(records.add, record)
        run = Active(record["id"], record["spec"], 1, "queued", share=first_share(record["spec"]), step=record["step"])
        self._admit(run)
        return {key: value for key, value in record.items() if key not in records.PRIVATE} | {"status": run.status}

    def _refuse_when_full(self) -> None:
        if len(self._queue) >= self._settings.max_queued:
            raise Problem(429, f"{len(self._queue)} runs wait already, {self._settings.max_queued} may; wait for some to end or stop them")

    def _admit(self, run: Active) -> None:
        self._active[run.id] = run
        self._queue.append(run.id)
        self._schedule()

    async def _repeated(self, used: tuple[str, str], body_hash: str, key: str) -> dict[str, Any]:
        if used[1] != body_hash:
            error = FieldError(loc="Idempotency-Key", msg="this key was used for another spec; use a new key for each run", got=key)
            raise Problem(422, error.msg, [error])
        record = await self._store.read(records.one, used[0])
        assert record is not None
        return record

    async def control(self, id: str, action: str, changes: dict[str, Any]) -> dict[str, Any]:
        """The event's data and step, once the trainer has applied the command at a step boundary."""
        run = await self._controllable(id)
        if run.status == "queued":
            if action != "stop":
                raise Problem(409, "the run is queued and has no trainer yet; wait until it runs, or stop it")
            await self._finish(run, "stopped", "stopped before it started")
            return {"action": action, "step": 0, "status": "stopped", "changes": {}}
        spec = run.spec
        if action == "set":
            spec = await self._planner.ask("changes", spec=run.spec, changes=changes)
        deadline = time.monotonic() + self._settings.control_timeout
        if action == "resume" and run.status == "paused":
            await self._take_slot(run, deadline)
        answer = await self._command(run, Control(id=uuid.uuid4().hex, action=action, changes=changes), deadline)
        if "error" in answer:
            raise Problem.of_fields([FieldError(**error) for error in answer["error"]["errors"]])
        run.spec = spec
        if spec["pace"] is None:
            run.share = 1.0
        return answer

    async def _controllable(self, id: str) -> Active:
        run = self._active.get(id)
        if run is not None:
            return run
        record = await self._store.read(records.one, id)
        if record is None:
            raise no_such_run(id)
        raise Problem(409, f"the run has ended ({record['status']}: {record['end_reason']}); resume it, or start a new one")

    async def _take_slot(self, run: Active, deadline: float) -> None:
        """A paused run has given its slot back; it goes on as soon as one is free, before those that wait to start."""
        granted = asyncio.Event()
        self._resuming.append((run.id, granted))
        self._schedule()
        try:
            await asyncio.wait_for(granted.wait(), max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            self._resuming = deque(item for item in self._resuming if item[1] is not granted)
            raise Problem(503, "no slot is free; pause or stop another run, then resume this one") from None

    async def _command(self, run: Active, control: Control, deadline: float) -> dict[str, Any]:
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        run.reply[control.id] = future
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + max(0.0, deadline - time.monotonic())):
                await run.linked.wait()
                assert run.link is not None
                await run.link.send(encode(control))
                return await future
        except (TimeoutError, RuntimeError):
            if run.status == "paused" and control.action == "resume":
                run.share = 0.0
            raise Problem(503, "the trainer did not answer in time; it may be away or in a long step. Try again") from None
        finally:
            run.reply.pop(control.id, None)

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

    def that_use(self, upload: str) -> list[str]:
        """Runs that have not ended and read this upload."""
        return [run.id for run in self._active.values() if run.spec["data"]["params"].get("id") == upload]

    async def delete(self, id: str) -> None:
        run = self._active.get(id)
        if run is not None:
            run.verdict = ("stopped", "deleted while it ran")
            if run.process:
                self._executor.terminate(run.process)
            await self._finish(run, *run.verdict)
        if not await self._store.write(records.remove, id):
            raise no_such_run(id)
        await asyncio.to_thread(shutil.rmtree, self._folder(id), True)

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
                await self._finish(run, message.status, message.reason)

    async def _started(self, run: Active, message: RunStarted) -> None:
        if not message.preloaded:
            log.error("run %s started in a process that had preloaded nothing: runs start slowly", run.id)
        if run.process is None:
            run.process = Started(message.pid, psutil.Process(message.pid).create_time())
        await self._set_status(
            run, "running", {"layers": layers_of(message.layers), "pid": message.pid, "pid_started": run.process.created}
        )

    async def _controlled(self, run: Active, message: Event) -> None:
        status = message.data.get("status")
        if status in ("running", "paused") and status != run.status:
            await self._set_status(run, status)
        if message.data.get("again"):
            run.spec = with_changes(run.spec, [{"kind": message.kind, "data": message.data}])
        future = run.reply.get(message.data.get("id", ""))
        if future is not None and not future.done():
            future.set_result({**message.data, "step": message.step})

    # ---- starting and ending

    def _schedule(self) -> None:
        """Give free slots away: to paused runs that go on, then in order of asking."""
        if self._closing:
            return
        while self._resuming and self._used() < self._settings.slots:
            paused, granted = self._resuming.popleft()
            run = self._active.get(paused)
            if run is not None:
                run.status = "running"  # holds its slot from here on
                granted.set()
        while self._queue and self._room_for(self._active[self._queue[0]]):
            run = self._active[self._queue.popleft()]
            run.status = "starting"
            self._spawn(self._launch(run))

    def _used(self) -> float:
        return sum(run.share for run in self._active.values() if run.holds_slot)

    def _room_for(self, run: Active) -> bool:
        processes = sum(run.process is not None or run.status == "starting" for run in self._active.values())
        if processes == 0:
            return True
        fits = self._used() + run.share <= self._settings.slots + 1e-9
        return fits and processes < PROCESSES_A_CORE * (os.cpu_count() or 1) and psutil.virtual_memory().available > FREE_MEMORY

    async def _launch(self, run: Active) -> None:
        token = secrets.token_urlsafe(24)
        values = {"ingest_hash": hashlib.sha256(token.encode()).hexdigest(), "started": time.time(), "attempt": run.attempt}
        await self._set_status(run, "starting", values)
        events = await self._store.read(history.read_events, run.id)
        job = {
            **began_with(events, run.attempt, self._folder(run.id) / "checkpoints", self._folder(run.id) / BEGIN),
            "keep": self._settings.checkpoint_seconds,
            "run": run.id,
            "attempt": run.attempt,
            "token": token,
            "spec": run.spec,
            "data": str(self._settings.data.resolve()),
            "patience": self._settings.silence,
        }
        try:
            run.process = await self._executor.start(job, self._on_exit(run))
        except (OSError, EOFError) as error:
            await self._finish(run, "failed", f"no worker could be started: {error}")
            return
        await self._store.write(records.change, run.id, {"pid": run.process.pid, "pid_started": run.process.created})

    def _on_exit(self, run: Active) -> OnExit:
        return lambda code: self._spawn(self._exited(run, code))

    async def _exited(self, run: Active, code: int | None, unsaid: tuple[str, str] | None = None) -> None:
        """A worker is gone. What it could not send is in its journal; `unsaid` is the end of a run whose journal has none."""
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
        if run.ended.is_set() or run.status == "ending":
            return
        if run.verdict is not None:
            status, reason = run.verdict
        run.status = "ending"
        if run.id in self._queue:
            self._queue.remove(run.id)
        values = {"end_reason": reason, "ended": time.time(), "latest": run.latest, "step": run.step}
        await self._store.write(history.fold, run.id, True)
        await self._set_status(run, status, values)
        self._active.pop(run.id, None)
        run.ended.set()
        for future in run.reply.values():
            if not future.done():
                future.set_result({"status": status, "step": run.step})
        self._journal(run).unlink(missing_ok=True)
        self._schedule()

    async def _set_status(self, run: Active, status: str, values: dict[str, Any] | None = None) -> None:
        values = values or {}
        run.status = status
        await self._store.write(records.change, run.id, {"status": status, **values})
        self._hub.tell(run.id, "status", run.step or 0.0, time.time(), {"status": status, "end_reason": values.get("end_reason")})
        if status == "paused":
            self._schedule()

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
        for record in await self._store.read(records.active):
            run = Active(record["id"], record["spec"], record["attempt"], record["status"], share=first_share(record["spec"]))
            run.latest, run.diagnosis = record["latest"], record["diagnosis"]
            run.step = record["step"] or await self._store.read(history.updates_made, run.id)
            run.spec = with_changes(run.spec, await self._store.read(history.read_events, run.id))
            self._active[run.id] = run
            if run.status == "queued":
                self._queue.append(run.id)
                continue
            if record["pid"] is None:
                self._spawn(self._expect(run))
                continue
            run.process = Started(record["pid"], record["pid_started"])
            if not self._executor.adopt(run.process, self._on_exit(run)):
                gone = f"the worker (pid {record['pid']}) was gone when the server came back"
                self._spawn(self._exited(run, None, ("interrupted", gone)))
        self._spawn(self._measure())
        self._schedule()

    async def _expect(self, run: Active) -> None:
        """A worker that was starting when the last server died: it may yet come."""
        try:
            await asyncio.wait_for(run.linked.wait(), self._settings.silence)
        except TimeoutError:
            await self._finish(run, "interrupted", "the server ended while this run was starting")

    async def _measure(self) -> None:
        """A paced run takes its measured share of a core: what it used of the last second or so. One without a pace takes
        whatever there is, however little a busy machine has left for it."""
        while True:
            await asyncio.sleep(MEASURE)
            for run in list(self._active.values()):
                used = self._executor.cpu_seconds(run.process) if run.process and run.holds_slot else None
                now = time.monotonic()
                if used is not None and run.cpu is not None and run.spec["pace"] is not None:
                    run.share = min(1.0, max(0.02, (used - run.cpu[0]) / (now - run.cpu[1])))
                run.cpu = None if used is None else (used, now)
            self._schedule()

    async def close(self) -> None:
        """Runs end with their server: each worker is asked to, and what it could not send any more is read."""
        self._closing = True
        for run in list(self._active.values()):
            if run.process is not None:
                run.verdict = ("interrupted", "the server was stopped")
                self._executor.terminate(run.process)
        going = [run.ended.wait() for run in self._active.values() if run.process is not None]
        try:
            await asyncio.wait_for(asyncio.gather(*going), 5)
        except TimeoutError:
            log.warning("some workers did not end within 5 s; they are taken up at the next start, or end by themselves")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def no_such_run(id: str) -> Problem:
    return Problem(404, f"there is no run {id[:40]!r}; GET /api/runs lists those that are")
