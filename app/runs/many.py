"""Many runs stopped or deleted by one request: in few transactions; a failure for one run does not affect the others."""

import asyncio
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from app.hub import topics
from app.hub.hub import Hub
from app.runs.active import Active
from app.runs.asking import Asking
from app.runs.controlling import Controlling
from app.runs.ending import Ending
from app.runs.folders import Folders
from app.runs.registry import Registry
from app.store import records
from app.store.database import Store
from app.words.problems import Problem, no_such_run
from dynascope.sentence import say

#: Runs that are deleted in one transaction: each may have thousands of rows, and other writers wait meanwhile.
AT_ONCE = 25


@dataclass
class Outcome:
    """Ids of the runs where it succeeded, and the reason for each of the others."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, Problem] = field(default_factory=dict)


class Many:
    def __init__(
        self, store: Store, hub: Hub, registry: Registry, folders: Folders, controlling: Controlling, ending: Ending, asking: Asking
    ) -> None:
        self._store, self._hub, self._registry, self._folders = store, hub, registry, folders
        self._controlling, self._ending, self._asking = controlling, ending, asking

    async def stop(self, ids: list[str]) -> Outcome:
        """Waiting runs end at once, training runs at their next step; runs that have ended or do not exist are refused."""
        waiting, others = self._waiting(ids)
        if waiting:
            await self._ending.before_they_start(waiting, say("stopped before it started"))
        outcome = Outcome([run.id for run in waiting])
        await self._each(outcome, {id: self._controlling.control(id, "stop", {}) for id in others})
        return outcome

    async def delete(self, ids: list[str]) -> Outcome:
        """Runs that wait or have ended are deleted in few transactions, training runs after their process has ended."""
        waiting, others = self._waiting(ids)
        if waiting:
            await self._ending.unstarted(waiting)
            await asyncio.to_thread(self._clear, waiting)
            self._hub.stir(topics.RUNS)
        there = await self._store.read(records.existing, others)
        going = [id for id in there if id in self._registry.active]
        outcome = Outcome([run.id for run in waiting], {id: no_such_run(id) for id in others if id not in there})
        await self._each(outcome, {id: self._asking.delete(id) for id in going})
        ended = [id for id in there if id not in going]
        for i in range(0, len(ended), AT_ONCE):
            resumed, _ = await self._asking.remove_ended(ended[i : i + AT_ONCE])
            outcome.done += [id for id in ended[i : i + AT_ONCE] if id not in resumed]
            await self._each(outcome, {id: self._asking.delete(id) for id in resumed})
        return outcome

    def _waiting(self, ids: list[str]) -> tuple[list[Active], list[str]]:
        """`(runs that wait for their turn, the other ids)`."""
        found = [run for id in ids if (run := self._registry.active.get(id)) and run.status == "queued" and not run.ending]
        return found, [id for id in ids if id not in {run.id for run in found}]

    async def _each(self, outcome: Outcome, work: dict[str, Coroutine[Any, Any, Any]]) -> None:
        for id, came in zip(work, await asyncio.gather(*work.values(), return_exceptions=True), strict=True):
            if isinstance(came, Problem):
                outcome.refused[id] = came
            elif isinstance(came, BaseException):
                raise came
            else:
                outcome.done.append(id)

    def _clear(self, runs: list[Active]) -> None:
        for run in runs:
            shutil.rmtree(self._folders.of(run.id), ignore_errors=True)
