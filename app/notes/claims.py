"""The notes' experiments on the server: their specs go through the ordinary queue, and a separate process measures."""

import asyncio
import logging
import math
import secrets
import time
from collections import deque
from typing import Any

from app.hub import topics
from app.hub.hub import Hub
from app.planner.planner import Planner
from app.runs.background import Lane
from app.runs.life import Runs
from app.settings import Settings
from app.store import history, judgements
from app.store.database import Store
from app.store.pyramid import LAST, START
from app.studies.findings import COUNTED
from app.words.problems import Problem
from dynascope import __version__
from dynascope.sentence import say
from trainer.claims import QUICK, SEEDS

log = logging.getLogger(__name__)

#: The most seconds that measuring one seed may take.
PATIENCE = 600.0
#: The first seed of experiments; each experiment takes the next block of unused seeds.
FIRST_SEED, SEEDS_A_RUN = 2000, 100
#: The most experiments that may wait.
MOST_WAITING = 100


class Claims:
    """One experiment at a time, the others wait. Its runs use the background lane, so runs started by hand hardly wait."""

    def __init__(self, settings: Settings, store: Store, hub: Hub, runs: Runs, lane: Lane, judge: Planner) -> None:
        self._hub, self._store, self._runs, self._lane, self._judge = hub, store, runs, lane, judge
        self._data = settings.data
        self._waiting: deque[str] = deque()
        self._current: tuple[str, asyncio.Task[None]] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._described: list[dict[str, Any]] = []
        self._closing = False
        self._starting = asyncio.Lock()  # if several requests come at once, one starts the worker
        self._statements: list[dict[str, Any]] = []

    async def recover(self) -> None:
        """Experiments of an earlier server do not continue: they are marked as interrupted."""
        await self._store.write(judgements.interrupt)

    async def close(self) -> None:
        """The current experiment ends here, and waiting ones do not start: the next server marks both as interrupted."""
        self._closing = True
        for task in (self._worker, self._current and self._current[1]):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def described(self) -> list[dict[str, Any]]:
        await self._ask_once()
        return self._described

    async def statements(self) -> list[dict[str, Any]]:
        await self._ask_once()
        return self._statements

    async def _ask_once(self) -> None:
        """Both are requested together, before any measurement: a judge that measures does not answer other questions for a while."""
        if not self._described:
            self._statements = await self._judge.ask("claim_statements")
            self._described = await self._judge.ask("claims")

    async def one(self, claim: str) -> dict[str, Any]:
        """Raises Problem 404."""
        found = [described for described in await self.described() if described["id"].lower() == claim.lower()]
        if not found:
            ids = ", ".join(described["id"] for described in await self.described())
            raise Problem(404, say("there is no experiment {claim}; there are: {ids}", claim=repr(claim[:40]), ids=ids))
        return found[0]

    async def start(self, claim: str, quick: bool, seed: int | None) -> dict[str, Any]:
        """A new judgement, which waits its turn. Raises Problem 404, 409 if one is in progress, 429."""
        described = await self.one(claim)
        async with self._starting:
            return await self._begin(described["id"], quick, seed)

    async def _begin(self, id: str, quick: bool, seed: int | None) -> dict[str, Any]:
        if await self._store.read(judgements.going, id):
            raise Problem(409, say("{id} is going on already; wait for it, or cancel it", id=id))
        if len(self._waiting) >= MOST_WAITING:
            raise Problem(429, say("{count} experiments wait already; {most} may", count=len(self._waiting), most=MOST_WAITING))
        n = QUICK if quick else SEEDS
        first = unused(await self._store.read(judgements.seeds, id), n) if seed is None else seed
        row: dict[str, Any] = {
            "id": secrets.token_hex(8),
            "claim": id,
            "status": "queued",
            "reason": None,
            "created": time.time(),
            "started": None,
            "ended": None,
            "quick": quick,
            "seeds": [first + i for i in range(n)],
            "founds": [],
            "runs": {},
            "outcome": None,
            "version": __version__,
        }
        await self._store.write(judgements.add, row)
        self._hub.stir(topics.CLAIMS)
        self._waiting.append(row["id"])
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return row

    async def cancel(self, claim: str) -> dict[str, Any]:
        """Cancel this experiment and its runs. Raises Problem 404, 409 if none is in progress."""
        described = await self.one(claim)
        row = await self._store.read(judgements.going, described["id"])
        if row is None:
            raise Problem(409, say("nothing of {id} is going on", id=described["id"]))
        if row["id"] in self._waiting:
            self._waiting.remove(row["id"])
        elif self._current and self._current[0] == row["id"]:
            self._current[1].cancel()
            await asyncio.gather(self._current[1], return_exceptions=True)
        await self._end(row["id"], "cancelled", say("cancelled by the user"))
        return {**row, "status": "cancelled"}

    async def judgements(self, claim: str, most: int) -> list[dict[str, Any]]:
        return await self._store.read(judgements.of, claim, most)

    async def counts(self) -> dict[str, int]:
        """How many times each experiment was started."""
        return await self._store.read(judgements.counts)

    async def by_status(self) -> dict[str, int]:
        """Status → how many judgements have it."""
        return await self._store.read(judgements.by_status)

    async def newest(self) -> dict[str, dict[str, Any]]:
        return await self._store.read(judgements.newest)

    async def standing(self, claim: str | None = None) -> dict[str, dict[str, Any]]:
        """The standing verdicts: of all seeds if there is one, whatever was cancelled or was only a quick look after it."""
        return await self._store.read(judgements.standing, claim)

    async def _work(self) -> None:
        while self._waiting:
            id = self._waiting.popleft()
            task = asyncio.create_task(self._run(id))
            self._current = (id, task)
            try:
                await task
            except asyncio.CancelledError:  # a user cancelled only the experiment, unless the server is closing
                if self._closing or not task.cancelled():
                    raise
            except Problem as problem:
                await self._end(id, "failed", problem.detail)
            except Exception as error:
                log.exception("experiment %s", id)
                await self._end(id, "failed", say("{kind}: {error}", kind=type(error).__name__, error=error))
            self._current = None

    async def _end(self, id: str, status: str, reason: str | None, **values: Any) -> None:
        await self._change(id, {"status": status, "reason": reason, "ended": time.time(), **values})

    async def _change(self, id: str, values: dict[str, Any]) -> None:
        await self._store.write(judgements.change, id, values)
        self._hub.stir(topics.CLAIMS)

    async def _run(self, id: str) -> None:
        row = await self._store.read(judgements.one, id)
        assert row is not None
        claim, founds, runs = row["claim"], [], {}
        await self._change(id, {"status": "running", "started": time.time()})
        seeds: list[asyncio.Task[dict[str, Any]]] = []
        try:
            for seed in row["seeds"]:
                asked = await self._judge.ask("claim_specs", claim=claim, seed=seed)
                seeds.append(asyncio.create_task(self._seed(claim, seed, asked["specs"], asked["reads"])))
            for seed, task in zip(row["seeds"], seeds, strict=True):
                found, runs[str(seed)] = (await task).values()
                founds.append({"seed": seed, **found})
                outcome = await self._judge.ask("claim_outcome", claim=claim, founds=founds)
                told = {"founds": [_finite(f) for f in founds], "runs": runs, "outcome": outcome}
                await self._change(id, told)
            await self._end(id, "done", None)
        finally:
            for task in seeds:
                task.cancel()
            await asyncio.gather(*seeds, return_exceptions=True)

    async def _seed(self, claim: str, seed: int, specs: dict[str, Any], reads: list[str]) -> dict[str, Any]:
        """The result of one seed, and the runs that it was measured from."""
        arms = await asyncio.gather(*(self._arm(claim, seed, arm, spec) for arm, spec in specs.items()))
        runs = dict(zip(specs, arms, strict=True))
        told = {arm: await self._told(arm, seed, id, reads) for arm, id in runs.items()}
        found = await self._judge.ask("claim_measure", claim=claim, seed=seed, runs=told)
        return {"found": found, "runs": runs}

    async def _arm(self, claim: str, seed: int, arm: str, spec: dict[str, Any]) -> str:
        """Run one spec to its end; returns the run's id. If this is cancelled, the run is stopped."""
        named = spec | {"name": f"{claim}, {arm}, seed {seed}"[:200], "tags": [f"claim:{claim}"]}

        async def begin() -> dict[str, Any]:
            return (await self._runs.create(named, background=True))[0]

        return await (await self._lane.start("claims", begin, stopped=say("its experiment was cancelled")))

    async def _told(self, arm: str, seed: int, id: str, reads: list[str]) -> dict[str, Any]:
        """A run as a `trainer.claims.Ran`. Raises Problem 409 if it did not end by itself."""
        record = await self._runs.record(id)
        status, end_reason = record["status"], record["end_reason"]
        if status not in COUNTED:
            raise Problem(
                409,
                say(
                    "arm {arm} of seed {seed} can't be measured: its run {id} ended as {status} ({end_reason})",
                    arm=repr(arm),
                    seed=seed,
                    id=id,
                    status=status,
                    end_reason=end_reason,
                ),
            )
        series = await self._store.read(history.read_series, id, reads, 0)
        visits = await self._store.read(history.read_matrix, id, "visits")
        held = await self._runs.checkpoints(id)
        file = self._data / "runs" / id / "checkpoints" / held[-1]["file"] if held else None
        return {
            "id": id,
            "status": record["status"],
            "latest": record["latest"],
            "series": {name: (b.table[START].tolist(), b.table[LAST].tolist()) for name, (_, b) in series.items()},
            "events": await self._store.read(history.read_events, id),
            "checkpoint": str(file) if file else None,
            "matrices": {"visits": visits.meta} if visits else {},
        }


def unused(used: set[int], n: int) -> int:
    """The first of n seeds that no run has used."""
    first = FIRST_SEED
    while not used.isdisjoint(range(first, first + n)):
        first += SEEDS_A_RUN
    return first


def _finite(found: dict[str, Any]) -> dict[str, Any]:
    """The value for JSON: null if it is not finite."""
    values = {name: value if math.isfinite(value) else None for name, value in found["values"].items()}
    curves = [{**curve, "y": [y if math.isfinite(y) else None for y in curve["y"]]} for curve in found["curves"]]
    return {**found, "values": values, "curves": curves}
