"""Requests from users, studies and experiments: new runs, forks, resumed runs, changed names, and deletions."""

import asyncio
import hashlib
import json
import shutil
from typing import Any

from app.hub import topics
from app.hub.hub import Hub
from app.planner.planner import Planner
from app.runs.active import Active, first_share, new_record
from app.runs.controlling import Controlling
from app.runs.ending import Ending
from app.runs.folders import Folders
from app.runs.registry import Registry
from app.runs.resuming import link, made_after, made_before, point_of, refuse_unless_it_can, there
from app.runs.slots import Slots
from app.store import history, records
from app.store.database import Store
from app.store.rewind import rewind
from app.words.problems import Problem, no_such_run
from dynascope import __version__
from dynascope.sentence import say
from trainer.spec import FieldError


class Asking:
    """A lock separates requests that would both pass their checks: one key sent twice, a run resumed while it is deleted."""

    def __init__(
        self,
        store: Store,
        hub: Hub,
        registry: Registry,
        slots: Slots,
        planner: Planner,
        folders: Folders,
        controlling: Controlling,
        ending: Ending,
    ) -> None:
        self._store, self._hub, self._registry, self._slots = store, hub, registry, slots
        self._planner, self._folders, self._controlling, self._ending = planner, folders, controlling, ending
        self._creating = asyncio.Lock()

    async def create(self, spec: dict[str, Any], request_key: str | None = None, background: bool = False) -> tuple[dict[str, Any], bool]:
        """`(record, is new)`. The same key with the same spec returns the run that the first request made."""
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
        """A new run in the background. Its spec is full and already planned: runs of a cell differ only in their seed."""
        return await self._enqueue(new_record(spec, None, None) | {"study": study, "cell": cell}, background=True)

    async def fork(self, id: str, at: float | None, changes: dict[str, Any]) -> dict[str, Any]:
        """A new run that continues from a checkpoint of this one, or from its current state if `at` is None."""
        parent = await self._registry.record(id)
        step, file = await self._checkpoint(parent, at)
        spec = made_before(parent, await self._store.read(history.read_events, id), step)
        name = {"name": f"{(parent['name'] or parent['id'])[:180]} ⑂ {step:,.0f}"} | changes
        plan = await self._planner.ask("fork", spec=spec, changes=name, step=step)
        record = new_record(plan["spec"], None, None) | {"parent": id, "forked_at": step, "step": step}
        try:
            await asyncio.to_thread(link, self._folders.checkpoints(id) / file, self._folders.begin(record["id"]))
            async with self._creating:
                return await self._enqueue(record)
        except FileNotFoundError:
            msg = say("the checkpoint to go on from was just deleted or replaced by a newer one; try again")
            raise Problem(409, msg) from None
        finally:
            if record["id"] not in self._registry.active:
                await asyncio.to_thread(shutil.rmtree, self._folders.of(record["id"]), True)

    async def resume(self, id: str, at: float | None, changes: dict[str, Any], background: bool = False) -> dict[str, Any]:
        """Resume the same run from a checkpoint, the newest if `at` is None, as its next attempt."""
        async with self._creating:
            record = await self._registry.record(id)
            refuse_unless_it_can(record, changes)
            step, file = point_of(record, await self.checkpoints(id), at)
            events = await self._store.read(history.read_events, id)
            now, again = made_after(record, events, step, changes)
            path = str((self._folders.checkpoints(id) / file).resolve()) if file else None
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
            return await self._registry.record(id) | {"spec": plan["spec"]}

    async def checkpoints(self, id: str) -> list[dict[str, Any]]:
        """`step`, `file`, `time`, `automatic` of each existing checkpoint, oldest first."""
        return there(await self._store.read(history.read_events, id), self._folders.checkpoints(id))

    async def change(self, id: str, values: dict[str, Any]) -> dict[str, Any]:
        """Change name, tags or notes."""
        await self._registry.record(id)
        await self._store.write(records.change, id, values)
        self._hub.stir(topics.RUNS)
        return await self._registry.record(id)

    async def delete(self, id: str) -> None:
        going, removed = [id], 0
        while going:
            await self._ending.for_good(id)
            going, removed = await self.remove_ended(going)
        if not removed:
            raise no_such_run(id)

    async def remove_ended(self, ids: list[str]) -> tuple[list[str], int]:
        """Delete those that have ended, in one transaction. Returns the runs that were resumed meanwhile, and how many were deleted."""
        async with self._creating:
            ended = [id for id in ids if id not in self._registry.active]
            removed = await self._store.write(records.remove, ended)
        self._hub.stir(topics.RUNS)
        for id in ended:
            await asyncio.to_thread(shutil.rmtree, self._folders.of(id), True)
        return [id for id in ids if id not in ended], removed

    async def _checkpoint(self, parent: dict[str, Any], at: float | None) -> tuple[float, str]:
        """The `(step, file)` of the checkpoint to continue from."""
        run = self._registry.active.get(parent["id"])
        if at is None and run is not None and run.status in ("running", "paused"):
            answer = await self._controlling.control(run.id, "checkpoint", {})
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

    async def _enqueue(self, record: dict[str, Any], background: bool = False) -> dict[str, Any]:
        if not background:
            self._slots.refuse_when_full()
        await self._store.write(records.add, record)
        run = Active(record["id"], record["spec"], 1, "queued", share=first_share(record["spec"]), step=record["step"])
        run.background = background
        self._admit(run, record["study"])
        return {key: value for key, value in record.items() if key not in records.PRIVATE} | {"status": run.status}

    def _admit(self, run: Active, study: str | None) -> None:
        self._registry.add(run, study)
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
