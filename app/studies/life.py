"""The life of studies: a base spec, axes and seeds → runs in the background, paired by seed.

A study is `running` until each of its cells has a run of each seed, then `done`. These runs are read from the store, so a
restarted server continues where the last one stopped.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import secrets
import time
from functools import partial
from typing import Any

from app.hub import topics
from app.hub.hub import Hub
from app.planner.planner import Planner
from app.runs.background import Lane
from app.runs.life import Runs
from app.store import studies
from app.store.database import Store
from app.store.records import ACTIVE
from app.studies import findings
from app.words.problems import Problem
from dynascope import __version__
from dynascope.sentence import say
from trainer.spec import FieldError

log = logging.getLogger(__name__)

MAX_CELLS, MAX_RUNS = 1000, 5000
#: A seed is smaller than this.
SEEDS = 2**53
#: Attempts after which a run that is repeatedly interrupted is not resumed again.
MAX_ATTEMPTS = 5
#: Runs that are deleted in one transaction.
DELETED_AT_ONCE = 25
CANCELLED = say("its study was cancelled")


class Studies:
    def __init__(self, store: Store, hub: Hub, runs: Runs, lane: Lane, planner: Planner) -> None:
        self._store, self._hub, self._runs, self._lane, self._planner = store, hub, runs, lane, planner
        self._going: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self._changing = asyncio.Lock()

    async def create(self, request: dict[str, Any], key: str | None) -> tuple[dict[str, Any], bool]:
        """`(study, is new)`. `request`: name, notes, base, axes, seeds. Raises Problem 422."""
        request_hash = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        if key and (used := await self._used(key, request_hash)):
            return used, False
        base, axes = request["base"], request["axes"]
        seeds = further(base.get("seed", 0), [], request["seeds"])
        refuse_too_many(cell_count(axes), len(seeds))
        full = await self._planner.ask("study", base=base, axes=axes)
        cells = await self._cells(base, axes)
        async with self._changing:
            if key and (used := await self._used(key, request_hash)):
                return used, False
            study = {
                "id": secrets.token_hex(8),
                "name": request["name"],
                "notes": request["notes"],
                "status": "running",
                "reason": None,
                "created": time.time(),
                "ended": None,
                "base": full,
                "axes": axes,
                "seeds": seeds,
                "version": __version__,
                "request_key": key,
                "request_hash": request_hash,
            }
            await self._store.write(studies.add, study, cells)
            self._stir(study["id"])
            self._begin(study["id"])
        return await self.one(study["id"]), True

    async def _used(self, key: str, request_hash: str) -> dict[str, Any] | None:
        used = await self._store.read(studies.by_request, key)
        if used and used[1] != request_hash:
            error = FieldError(loc="Idempotency-Key", msg=say("this key was used for another study; use a new key for each"), got=key)
            raise Problem(422, error.msg, [error])
        return await self._store.read(studies.one, used[0]) if used else None

    async def _cells(self, base: dict[str, Any], axes: dict[str, list[Any]]) -> list[dict[str, Any]]:
        """Every cell, planned in small batches. Raises Problem 422 if no cell can be run."""
        made: list[dict[str, Any]] = []
        while len(made) < cell_count(axes):
            made += await self._planner.ask("study_cells", base=base, axes=axes, first=len(made))
        refuse_twins(made)
        refused = [FieldError(**error) for cell in made for error in cell["refused"] or ()]
        if all(cell["refused"] for cell in made):
            distinct = list({(error.loc, error.msg): error for error in refused}.values())
            raise Problem(
                422,
                say("none of the {count} cells can be run: {loc}: {msg}", count=len(made), loc=distinct[0].loc, msg=distinct[0].msg),
                distinct[:50],
            )
        return made

    async def one(self, id: str) -> dict[str, Any]:
        """Raises Problem 404."""
        study = await self._store.read(studies.one, id)
        if study is None:
            raise Problem(404, say("there is no study {id}; GET /api/studies lists those that are", id=repr(id[:40])))
        return study

    async def by_status(self) -> dict[str, Any]:
        return await self._store.read(studies.by_status)

    async def counts(self, id: str) -> dict[str, Any] | None:
        """Status and progress of one study; None if it was deleted."""
        study = await self._store.read(studies.one, id)
        if study is None:
            return None
        return {"status": study["status"], **(await findings.summaries(self._store, [study]))[0]["runs"]}

    async def change(self, id: str, values: dict[str, Any]) -> None:
        await self.one(id)
        await self._store.write(studies.change, id, values)
        self._stir(id)

    async def wait(self, id: str, seconds: float) -> None:
        """Wait until the study has ended, or until the timeout."""
        await self.one(id)
        if id in self._ended:
            try:
                await asyncio.wait_for(self._ended[id].wait(), seconds)
            except TimeoutError:
                return

    async def cancel(self, id: str) -> None:
        """Stop the runs that have started; the others never start. Raises Problem 404, 409 if the study has ended."""
        async with self._changing:
            study = await self.one(id)
            if study["status"] != "running":
                raise Problem(409, say("the study has ended, it is {status}; extend it to go on", status=study["status"]))
            await self._halt(id)
            active = await self._store.read(studies.active_runs, id)
            await asyncio.gather(*(self._runs.stop(run, CANCELLED) for run in active))
            await self._end(id, "cancelled", say("cancelled by the user"))

    async def extend(self, id: str, seeds: int | list[int]) -> None:
        """Add seeds; missing runs of the earlier seeds run too. Raises Problem 404, 422."""
        async with self._changing:
            study = await self.one(id)
            more = further(study["base"]["seed"], study["seeds"], seeds)
            cells = await self._store.read(studies.planned, id)
            refuse_too_many(len(cells), len(more))
            await self._store.write(studies.change, id, {"seeds": more, "status": "running", "reason": None, "ended": None})
            self._stir(id)
            if id not in self._going:
                self._begin(id)

    async def delete(self, id: str) -> None:
        """Delete the study, its runs and their folders, whatever their status. Raises Problem 404."""
        async with self._changing:
            study = await self.one(id)
            await self._halt(id)
            for run in await self._store.read(studies.active_runs, id):
                await self._runs.delete(run)
            if study["status"] == "running":
                await self._end(id, "cancelled", say("it is being deleted"))
            runs = [run["run"] for run in await self._store.read(studies.runs_of, id)]
            for i in range(0, len(runs), DELETED_AT_ONCE):
                resumed, _ = await self._runs.remove_ended(runs[i : i + DELETED_AT_ONCE])
                for run in resumed:
                    await self._runs.delete(run)
            await self._store.write(studies.remove, id)
            self._stir(id)

    # ---- running

    async def recover(self) -> None:
        for id in await self._store.read(studies.going):
            self._begin(id)

    async def close(self) -> None:
        """Studies stop with their server and continue with the next; `Runs.close` handles their runs."""
        for id in list(self._going):
            await self._halt(id)

    def _begin(self, id: str) -> None:
        self._ended[id] = asyncio.Event()
        self._going[id] = asyncio.create_task(self._run(id))

    async def _halt(self, id: str) -> None:
        """No more runs of the study begin; running ones continue."""
        task = self._going.pop(id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _end(self, id: str, status: str, reason: str | None) -> None:
        await self._store.write(studies.change, id, {"status": status, "reason": reason, "ended": time.time()})
        self._stir(id)
        self._going.pop(id, None)
        ended = self._ended.pop(id, None)
        if ended is not None:
            ended.set()

    def _stir(self, id: str) -> None:
        self._hub.stir(topics.of_study(id))
        self._hub.stir(topics.STUDIES)

    async def _run(self, id: str) -> None:
        try:
            while True:
                await self._round(id)
                async with self._changing:
                    if not await self._missing(id):
                        await self._end(id, "done", None)
                        return
        except Exception as error:
            log.exception("study %s", id)
            words = error.detail if isinstance(error, Problem) else say("{kind}: {error}", kind=type(error).__name__, error=error)
            async with self._changing:
                await self._end(id, "failed", say("{words}; extend it to go on", words=words))

    async def _round(self, id: str) -> None:
        """Start a run for each cell and seed that has none, seed by seed, so that every cell gets results early."""
        begun: list[asyncio.Task[str]] = []
        try:
            for seed, cell, run in await self._missing(id):
                for task in [task for task in begun if task.done()]:
                    task.result()  # raises the task's exception
                    begun.remove(task)
                begun.append(await self._lane.start(id, partial(self._one, id, cell, seed, run)))
            for task in begun:
                await task
        finally:
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)

    async def _missing(self, id: str) -> list[tuple[int, int, dict[str, Any] | None]]:
        """`(seed, cell, the run there or None)` for every run that is missing, has not ended, or was interrupted."""
        study, cells = await self.one(id), await self._store.read(studies.planned, id)
        held = {(run["seed"], run["cell"]): run for run in await self._store.read(studies.runs_of, id)}
        pairs = [(seed, cell, held.get((seed, cell))) for seed in study["seeds"] for cell in cells]
        return [pair for pair in pairs if pair[2] is None or pair[2]["status"] in ACTIVE or broken_off(pair[2])]

    async def _one(self, id: str, cell: int, seed: int, run: dict[str, Any] | None) -> dict[str, Any]:
        """The record of an active run: one that is already active, one that is resumed, or a new one."""
        try:
            now = await self._runs.record(run["run"]) if run else None
            if now and broken_off(now):
                return await self._runs.resume(now["id"], None, {}, background=True)
            if now:
                return now
        except Problem as problem:
            if problem.status not in (404, 422):
                raise
            log.warning("study %s: a run begins anew: %s", id, problem.detail)
            with contextlib.suppress(Problem):
                await self._runs.delete(run["run"])  # type: ignore[index]
        study, (values, spec) = await self.one(id), await self._store.read(studies.cell, id, cell)
        return await self._runs.of_study(spec | {"seed": seed, "name": run_name(study, values, seed)}, id, cell)


def broken_off(run: dict[str, Any]) -> bool:
    """Whether the run ended early, without a fault of its own and without a user's request for this run."""
    return (run["status"] == "interrupted" and run["attempt"] < MAX_ATTEMPTS) or (run["status"], run["end_reason"]) == (
        "stopped",
        CANCELLED,
    )


def run_name(study: dict[str, Any], values: dict[str, Any], seed: int) -> str:
    told = [f"{path.removesuffix('.name')} {value if isinstance(value, str) else json.dumps(value)}" for path, value in values.items()]
    return " · ".join([*([study["name"]] if study["name"] else []), *told, f"seed {seed}"])[:200]


def cell_count(axes: dict[str, list[Any]]) -> int:
    cells = 1
    for values in axes.values():
        cells *= len(values)
    return cells


def further(first: int, held: list[int], wanted: int | list[int]) -> list[int]:
    """The existing seeds and the new ones. Raises Problem 422 for a duplicate seed or one that is too large."""
    if isinstance(wanted, int):
        start = max([first - 1, *held]) + 1
        if start + wanted > SEEDS:
            msg = say(
                "seeds are counted on from {start} here, and have to stay below {end}: give a list of seeds, or a smaller base seed",
                start=f"{start:,}",
                end=f"{SEEDS:,}",
            )
            raise Problem.of_fields([FieldError(loc="seeds", msg=msg, got=wanted)])
        return [*held, *range(start, start + wanted)]
    twice = [seed for i, seed in enumerate(wanted) if seed in held or seed in wanted[:i]]
    if twice:
        raise Problem.of_fields(
            [FieldError(loc="seeds", msg=say("each seed can be in a study once; these are there already"), got=twice[:20])]
        )
    return [*held, *wanted]


def refuse_twins(cells: list[dict[str, Any]]) -> None:
    """Raises Problem 422 for two cells that are the same experiment, such as those of 0.1 and "0.1"."""
    seen: dict[str, dict[str, Any]] = {}
    for cell in cells:
        if cell["spec"] is None:
            continue
        other = seen.setdefault(json.dumps(cell["spec"], sort_keys=True), cell)
        if other is not cell:
            path = next(path for path, value in cell["values"].items() if value is not other["values"][path])
            one, two = (json.dumps(each["values"][path]) for each in (other, cell))
            msg = say("{one} and {two} make the same experiment; leave one of them out", one=one, two=two)
            raise Problem.of_fields([FieldError(loc=f"axes.{path}", msg=msg, got=cell["values"][path])])


def refuse_too_many(cells: int, seeds: int) -> None:
    """Raises Problem 422."""
    if cells > MAX_CELLS:
        msg = say(
            "the axes make {cells} cells; {most} are allowed. Take fewer values or fewer axes", cells=f"{cells:,}", most=f"{MAX_CELLS:,}"
        )
        raise Problem.of_fields([FieldError(loc="axes", msg=msg, got=cells)])
    if cells * seeds > MAX_RUNS:
        msg = say(
            "{cells} cells × {seeds} seeds are {runs} runs; {most} are allowed. Take fewer seeds or fewer cells",
            cells=f"{cells:,}",
            seeds=f"{seeds:,}",
            runs=f"{cells * seeds:,}",
            most=f"{MAX_RUNS:,}",
        )
        raise Problem.of_fields([FieldError(loc="seeds", msg=msg, got=seeds)])
