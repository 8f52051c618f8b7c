"""Runs at odd moments, with a real store and workers that never end by themselves: time-outs, full disks, crashes between two writes."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.executors.base import OnExit, Started
from app.hub import topics
from app.hub.hub import Hub, Outbox
from app.runs.ending import Patience
from app.runs.life import Runs
from app.settings import Settings
from app.store import frames, history, records
from app.store.database import Store
from app.words.problems import Problem
from dynascope.messages import Layer, RunEnded, RunStarted, Sent, decode_reply, encode
from dynascope.sinks.batch import Batch
from tests.loops import in_loop
from trainer.spec import RunSpec

PID = 4_000_000  # beyond what Linux gives


@dataclass
class Still:
    """Workers that neither say anything nor end, unless a test makes them."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_begin: asyncio.Event = field(default_factory=asyncio.Event)
    exits: dict[int, OnExit] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    killed: list[int] = field(default_factory=list)
    obeys: bool = True

    def __post_init__(self) -> None:
        self.may_begin.set()

    async def start(self, job: dict[str, Any], on_exit: OnExit) -> Started:
        self.begun.set()
        await self.may_begin.wait()
        self.exits[PID] = on_exit
        return Started(PID, 1.0)

    def adopt(self, started: Started, on_exit: OnExit) -> bool:
        self.exits[started.pid] = on_exit
        return True

    def terminate(self, started: Started) -> None:
        self.asked.append(started.pid)
        if self.obeys:
            self.exits[started.pid](-15)

    def kill(self, started: Started) -> None:
        self.killed.append(started.pid)
        self.exits[started.pid](-9)

    def cpu_seconds(self, started: Started) -> float | None:
        return None


class Planner:
    """Takes every spec as it is."""

    async def ask(self, op: str, **question: Any) -> Any:
        return {"spec": question["spec"]}


class House:
    """A server's runs without its sockets. A run is made, and what its trainer would send is stored and taken note of, or stored alone."""

    def __init__(self, folder: Path, store: Store, **settings: Any) -> None:
        self.folder, self.store, self.workers = folder, store, Still()
        self.settings = Settings(data=folder, control_timeout=0.2, silence=0.2, slots=1, token="long enough", **settings)
        self.hub = Hub()
        self.runs = self.anew()

    def anew(self) -> Runs:
        """Another server over the same store."""
        return Runs(self.settings, self.store, self.hub, Planner(), self.workers, Patience(going=0.05, again=0.02))  # type: ignore[arg-type]

    async def begin(self, said: bool = True, **spec: Any) -> tuple[str, Batch]:
        """A run whose worker has started, and where `said` has told so."""
        record = (await self.runs.create(RunSpec.model_validate(spec).model_dump()))[0]
        batch = Batch(record["id"], 1)
        if said:
            await self.workers.begun.wait()
            layer = Layer(name="hidden1", kind="Linear", parameters=1)
            batch.message(lambda ids: RunStarted(**ids, protocol=1, pid=PID, layers=[layer], preloaded=True))
            await self.tell(batch)
        return record["id"], batch

    async def tell(self, batch: Batch, runs: Runs | None = None, observed: bool = True) -> None:
        frame: list[Sent] = batch.drain()
        run = frame[0].run
        assert await self.store.write(history.append, run, frames.verified(run, encode(frame)), encode(frame))
        if observed:
            await (runs or self.runs).observe(run, frame)

    async def stored(self, run: str) -> dict[str, Any]:
        found = await self.store.read(records.one, run)
        assert found is not None
        return found


class Trainer:
    """A connection whose trainer obeys, `after` so many seconds."""

    def __init__(self, house: House, batch: Batch, after: float = 0.0) -> None:
        self.house, self.batch, self.after, self.step = house, batch, after, 0.0

    async def send(self, data: bytes) -> None:
        control = decode_reply(data)
        await asyncio.sleep(self.after)
        self.step += 1
        status = {"pause": "paused", "resume": "running"}.get(control.action, "running")
        self.batch.event(self.step, "control", {"id": control.id, "action": control.action, "changes": control.changes, "status": status})
        await self.house.tell(self.batch)


class Deaf:
    async def send(self, data: bytes) -> None:
        """To nobody."""


def at_home(folder: Path, story: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        store = Store(f"sqlite:///{folder / 'test.db'}")
        await store.open()
        try:
            async with asyncio.timeout(60):
                await story(House(folder, store))
        finally:
            await store.close()

    in_loop(whole())


def test_a_paused_run_that_goes_on_is_told_and_stored_as_running(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        house.runs.connected(run, Trainer(house, batch))
        await house.runs.control(run, "pause", {})
        assert (await house.stored(run))["status"] == "paused"
        await house.runs.control(run, "resume", {})
        assert (await house.stored(run))["status"] == "running"
        assert [r["id"] for r in await house.store.read(records.page, 9, None, "running", None, None, None)] == [run]

    at_home(tmp_path, story)


def test_a_paused_run_whose_trainer_does_not_answer_stays_paused_and_gives_its_slot_back(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        house.runs.connected(run, Trainer(house, batch))
        await house.runs.control(run, "pause", {})
        house.runs.connected(run, Deaf())
        with pytest.raises(Problem) as refused:
            await house.runs.control(run, "resume", {})
        assert refused.value.status == 503
        assert (await house.runs.record(run))["status"] == "paused"
        assert house.runs.slots()["used"] == 0

    at_home(tmp_path, story)


def test_changes_at_the_same_time_and_late_ones_are_all_in_the_spec(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        house.runs.connected(run, Trainer(house, batch))
        await asyncio.gather(
            house.runs.control(run, "set", {"optimizer.params.lr": 0.0123}), house.runs.control(run, "set", {"penalty.l2": 0.0045})
        )
        slow = Trainer(house, batch, after=0.3)
        slow.step = 5.0
        house.runs.connected(run, slow)
        with pytest.raises(Problem):
            await house.runs.control(run, "set", {"penalty.l1": 0.5})
        # A command is withdrawn with its question; one that was sent already is applied and told all the same.
        batch.event(7, "control", {"id": "late", "action": "set", "changes": {"penalty.l1": 0.25}, "status": "running"})
        await house.tell(batch)
        spec = house.runs.registry.active[run].spec
        assert (spec["optimizer"]["params"]["lr"], spec["penalty"]["l2"], spec["penalty"]["l1"]) == (0.0123, 0.0045, 0.25)

    at_home(tmp_path, story)


def test_a_fork_takes_the_changes_that_were_made_up_to_its_step_alone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        batch.event(10, "control", {"id": "1", "action": "set", "changes": {"penalty.l2": 0.1}, "status": "running"})
        batch.event(13, "checkpoint", {"file": "13.safetensors", "automatic": False})
        batch.event(15, "control", {"id": "2", "action": "set", "changes": {"penalty.l2": 0.2}, "status": "running"})
        await house.tell(batch)
        folder = house.folder / "runs" / run / "checkpoints"
        folder.mkdir(parents=True)
        (folder / "13.safetensors").write_bytes(b"")
        assert (await house.runs.fork(run, 13.0, {}))["spec"]["penalty"]["l2"] == 0.1

    at_home(tmp_path, story)


def test_an_end_that_could_not_be_stored_is_stored_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        run, _ = await house.begin()
        fold, full = history.fold, [True, True]

        def failing(*args: Any) -> None:
            if full:
                full.pop()
                raise OperationalError("INSERT", {}, Exception("database or disk is full"))
            fold(*args)

        monkeypatch.setattr(history, "fold", failing)
        house.workers.exits[PID](1)
        await house.runs.until_ended(run)
        assert not full
        assert (await house.stored(run))["status"] == "failed"
        assert house.runs.slots()["used"] == 0

    at_home(tmp_path, story)


def test_a_run_whose_start_could_not_be_stored_ends_and_gives_its_slot_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        change, full = records.change_all, [True]

        def failing(connection: Any, ids: list[str], values: dict[str, Any]) -> None:
            if values.get("status") == "starting" and full:
                full.pop()
                raise OperationalError("UPDATE", {}, Exception("database or disk is full"))
            change(connection, ids, values)

        monkeypatch.setattr(records, "change_all", failing)
        run, _ = await house.begin(said=False)
        await house.runs.until_ended(run)
        record = await house.stored(run)
        assert (record["status"], "disk is full" in record["end_reason"]) == ("failed", True)
        assert house.runs.slots() == {"slots": 1, "used": 0, "running": 0, "queued": 0}

    at_home(tmp_path, story)


def test_what_was_stored_and_not_taken_note_of_is_told_by_the_next_server(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        batch.scalars(0, {"train/loss": 2.0, "lr": 0.1})
        await house.tell(batch)
        await house.store.write(history.fold, run)
        batch.scalars(1, {"train/loss": 1.0})
        batch.message(lambda ids: RunEnded(**ids, status="finished", reason="all 2 steps are done", step=2))
        await house.tell(batch, observed=False)
        later = house.anew()
        await later.recover()
        record = await later.record(run)
        assert (record["status"], record["end_reason"], record["step"]) == ("finished", "all 2 steps are done", 2)
        assert record["latest"] == {"train/loss": 1.0, "lr": 0.1}
        await later.close()

    at_home(tmp_path, story)


def test_a_run_that_is_cut_off_with_its_server_keeps_its_newest_values(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin()
        batch.scalars(0, {"train/loss": 2.0})
        await house.tell(batch)
        await house.store.write(history.fold, run)
        house.workers.adopt = lambda started, on_exit: False  # type: ignore[method-assign]
        later = house.anew()
        await later.recover()
        await later.until_ended(run)
        record = await house.stored(run)
        assert (record["status"], record["latest"], record["step"]) == ("interrupted", {"train/loss": 2.0}, 1)
        await later.close()

    at_home(tmp_path, story)


def test_a_worker_of_which_the_last_server_wrote_nothing_down_is_watched_once_it_is_connected(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, batch = await house.begin(said=False)
        await house.workers.begun.wait()
        await house.store.write(records.change, run, {"pid": None, "pid_started": None, "status": "starting"})
        batch.message(lambda ids: RunStarted(**ids, protocol=1, pid=PID, layers=[], preloaded=True))
        await house.tell(batch, observed=False)
        house.workers.exits.clear()
        later = house.anew()
        await later.recover()
        assert not house.workers.exits  # its pid may be anybody's by now
        later.connected(run, Deaf())
        house.workers.exits[PID](-9)
        await later.until_ended(run)
        assert (await house.stored(run))["status"] == "failed"
        await later.close()

    at_home(tmp_path, story)


def test_a_run_that_is_stopped_while_it_starts_ends_once_it_has_a_process(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.workers.may_begin.clear()
        run, _ = await house.begin(said=False)
        await house.workers.begun.wait()
        stopping = asyncio.create_task(house.runs.stop(run, "its study was cancelled"))
        await asyncio.sleep(0.4)  # longer than a control waits
        house.workers.may_begin.set()
        await stopping
        record = await house.stored(run)
        assert (record["status"], record["end_reason"], house.workers.asked) == ("stopped", "its study was cancelled", [PID])

    at_home(tmp_path, story)


def test_a_deleted_run_whose_process_does_not_end_is_killed_before_its_folder_goes(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, _ = await house.begin()
        house.workers.obeys = False
        await house.runs.delete(run)
        assert (house.workers.asked, house.workers.killed) == ([PID], [PID])
        assert await house.store.read(records.one, run) is None

    at_home(tmp_path, story)


def test_a_new_name_is_told_to_whoever_looks_at_runs(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        run, _ = await house.begin()
        follower = Outbox()
        follower.topics = frozenset({topics.RUNS})
        house.hub.attach(follower)
        await house.runs.change(run, {"name": "이름"})
        async with asyncio.timeout(5):
            assert topics.RUNS in await house.hub.stirred()

    at_home(tmp_path, story)
