"""The runs that have not ended, and the current state of any run."""

import asyncio
import contextlib
import time
from typing import Any

from app.hub import topics
from app.hub.hub import Hub
from app.runs.active import Active
from app.store import records
from app.store.database import Store
from app.words.problems import no_such_run


class Registry:
    """Only this class adds runs to `active` and removes them; other modules read it."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store, self._hub = store, hub
        self.active: dict[str, Active] = {}

    def add(self, run: Active, study: str | None) -> None:
        self.active[run.id] = run
        if study:
            self._hub.belongs(run.id, topics.of_study(study))

    def remove(self, run: Active) -> None:
        self.active.pop(run.id, None)
        self._hub.forget(run.id)

    async def set_status(self, run: Active, status: str, values: dict[str, Any] | None = None) -> None:
        """Also stores `values`."""
        await self.set_statuses([run], status, values)

    async def set_statuses(self, runs: list[Active], status: str, values: dict[str, Any] | None = None) -> None:
        """The same for several runs, in one transaction."""
        values = values or {}
        for run in runs:
            run.status = status
        await self._store.write(records.change_all, [run.id for run in runs], {"status": status, **values})
        for run in runs:
            self._hub.tell(run.id, "status", run.step or 0.0, time.time(), {"status": status, "end_reason": values.get("end_reason")})

    async def record(self, id: str) -> dict[str, Any]:
        record = await self._store.read(records.one, id)
        if record is None:
            raise no_such_run(id)
        return self.freshened(record)

    def freshened(self, record: dict[str, Any]) -> dict[str, Any]:
        """A stored record, updated with what is known since it was stored."""
        run = self.active.get(record["id"])
        if run is None:
            return record
        known = {"status": run.status, "step": run.step, "diagnosis": run.diagnosis}
        return record | known | {"latest": record["latest"] | run.latest}

    async def until_ended(self, id: str) -> None:
        run = self.active.get(id)
        if run is not None:
            await run.ended.wait()

    async def wait(self, id: str, seconds: float) -> dict[str, Any]:
        """The record after the run has ended, or its current state at the timeout."""
        run = self.active.get(id)
        if run is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.ended.wait(), seconds)
        return await self.record(id)

    def that_use(self, upload: str) -> list[str]:
        """Runs that have not ended and use this upload."""
        return [run.id for run in self.active.values() if run.spec["data"]["params"].get("id") == upload]
