"""How commands reach a trainer, and how its answers are handled."""

import asyncio
import time
import uuid
from typing import Any

from app.executors.base import Executor
from app.planner.planner import Planner
from app.runs.active import Active, with_changes
from app.runs.ending import Ending
from app.runs.registry import Registry
from app.runs.slots import Slots
from app.settings import Settings
from app.store import records
from app.store.database import Store
from app.words.problems import Problem, no_such_run, of_trainer
from dynascope.messages import Control, Event, encode
from dynascope.sentence import say


class Controlling:
    def __init__(
        self, settings: Settings, store: Store, registry: Registry, slots: Slots, planner: Planner, executor: Executor, ending: Ending
    ) -> None:
        self._settings, self._store, self._registry, self._slots = settings, store, registry, slots
        self._planner, self._executor, self._ending = planner, executor, ending

    async def control(self, id: str, action: str, changes: dict[str, Any]) -> dict[str, Any]:
        """The event's data and step, after the trainer has applied the command at a step boundary."""
        run = await self._controllable(id)
        if run.status == "queued":
            if action != "stop":
                raise Problem(409, say("the run is queued and has no trainer yet; wait until it runs, or stop it"))
            await self._ending.finish(run, "stopped", say("stopped before it started"))
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

    async def stop(self, id: str, reason: str) -> None:
        """End a run that has not ended: by its trainer, or by a signal if the trainer does not answer. Returns after the run has ended."""
        run = self._registry.active.get(id)
        if run is None:
            return
        run.verdict = ("stopped", reason)
        if run.status == "queued":
            await self._ending.finish(run, *run.verdict)
        else:
            try:
                deadline = time.monotonic() + self._settings.control_timeout
                await self._command(run, Control(id=uuid.uuid4().hex, action="stop", changes={}), deadline)
            except Problem:
                if run.process:
                    self._executor.terminate(run.process)
        await run.ended.wait()

    async def applied(self, run: Active, message: Event) -> None:
        """Record a command that the trainer has applied or refused, and answer the request that waits for it."""
        status = message.data.get("status")
        if status in ("running", "paused") and status != run.status:
            await self._registry.set_status(run, status)
            if status == "paused":
                self._slots.give()
        run.spec = with_changes(run.spec, [{"kind": message.kind, "data": message.data}])
        if run.spec["pace"] is None:
            run.share = 1.0  # the share of a paced run is measured
        future = run.reply.get(message.data.get("id", ""))
        if future is not None and not future.done():
            future.set_result({**message.data, "step": message.step})

    async def _controllable(self, id: str) -> Active:
        run = self._registry.active.get(id)
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
        if run.ended.is_set():  # it ended while the change was checked, or while it waited for a slot
            run = await self._controllable(run.id)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        run.reply[control.id] = future
        sending = asyncio.create_task(_send(run, control))
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await future  # the run's end answers it too
        except TimeoutError:
            raise Problem(503, say("the trainer did not answer in time; it may be away or in a long step. Try again")) from None
        finally:
            run.reply.pop(control.id, None)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(run: Active, control: Control) -> None:
    """Send to the trainer when it is connected; if the connection has just broken, when it is connected again."""
    while True:
        await run.linked.wait()
        link = run.link
        assert link is not None
        try:
            return await link.send(encode(control))
        except ConnectionError:
            run.disconnect(link)
