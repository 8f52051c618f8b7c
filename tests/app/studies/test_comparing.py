"""Figures of a study's finished runs over REST: which runs they are of, what each cell predicts, and one answer for many who ask."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.studies.comparing import HELD, Comparisons
from app.studies.life import SEEDS, further
from app.words.problems import Problem
from tests.app.runs.test_runs import SMALL, endless
from tests.app.studies.test_studies import begin, wait
from tests.loops import in_loop
from tests.server import Server

#: Takes a slot whole.
FULL = endless() | {"pace": None}
SHARED = {"split_seed": 3, "resample": "bootstrap"}


def decomposed(server: Server, study: str, **query: Any) -> dict[str, Any]:
    answer = server.client.get(f"/api/studies/{study}/decomposition", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("data", ["diabetes", "sine"])
@pytest.mark.parametrize("resample", ["bootstrap", "subsample"])
def test_all_runs_of_a_standardised_regression_are_decomposed(server: Server, data: str, resample: str) -> None:
    """Each is scaled by its own training set: what is compared are the test examples in the data's own units."""
    size = {"train_size": 60} if resample == "subsample" else {}
    base = SMALL | {"data": {"name": data, "split_seed": 3, "resample": resample} | size, "stop": {"max_epochs": 2, "early": None}}
    study = wait(server, begin(server, base=base, axes={"model.params.width": [4, 16]}, seeds=4)["id"])
    for cell in decomposed(server, study["id"])["by"]:
        assert cell["n"] == 4
        assert cell["variance"] > 0
        assert cell["error"] == pytest.approx(cell["bias2"] + cell["variance"] + (cell["noise"] or 0))


def test_a_cell_is_decomposed_by_what_it_predicts_itself(server: Server) -> None:
    base = SMALL | {"data": {"name": "moons"} | SHARED, "stop": {"max_epochs": 2, "early": None}}
    study = wait(server, begin(server, base=base, axes={"loss": ["cross_entropy", "mse"]}, seeds=3)["id"])["id"]
    told = decomposed(server, study)
    assert told["kind"] == "cross_entropy"
    assert [one["kind"] for one in told["kinds"]] == ["cross_entropy", "zero_one", "squared"]
    entropy, mse = told["by"]
    assert entropy["bias2"] is not None
    assert (mse["n"], mse["bias2"], mse["error"], mse["reason"]) == (3, None, None, "these runs have scores")
    entropy, mse = decomposed(server, study, kind="squared")["by"]
    assert (entropy["error"], entropy["reason"]) == (None, "these runs have probabilities")
    assert mse["error"] is not None
    assert all(cell["error"] is not None for cell in decomposed(server, study, kind="zero_one")["by"])


def test_a_run_that_went_on_is_decomposed_anew(server: Server) -> None:
    stop = {"max_epochs": None, "max_steps": 10, "early": None}
    base = SMALL | {"data": {"name": "moons"} | SHARED, "stop": stop}
    study = wait(server, begin(server, base=base, axes={"model.params.width": [8]}, seeds=2)["id"])
    (before,) = decomposed(server, study["id"], curves=False)["by"]
    for run in study["cells"][0]["runs"]:
        answer = server.client.post(f"/api/runs/{run['run']}/resume", json={"changes": {"stop.max_steps": 300}})
        assert answer.status_code == 200, answer.text
        server.wait(run["run"])
    (after,) = decomposed(server, study["id"], curves=False)["by"]
    assert after["error"] < 0.8 * before["error"]
    assert after == decomposed(server, study["id"])["by"][0]


class Counting:
    """A store whose reads are counted and take their time."""

    def __init__(self) -> None:
        self.reads: list[tuple[list[str], tuple[str, ...]]] = []

    async def read(self, _: Any, runs: list[str], names: tuple[str, ...]) -> dict[str, Any]:
        self.reads.append((runs, names))
        await asyncio.sleep(0.05)
        return {run: {} for run in runs}


def test_who_asks_while_it_is_made_gets_the_same_and_what_is_old_makes_room() -> None:
    async def asked() -> None:
        store = Counting()
        compared = Comparisons(store)  # type: ignore[arg-type]
        made = []

        def work(read: dict[str, Any]) -> dict[str, Any]:
            made.append(read)
            return {"values": [0.5] * 100_000}

        def ask(key: str, attempt: int = 1) -> Any:
            return compared._once(key, [("run", attempt)], ("predictions",), work)

        impatient = asyncio.create_task(ask("a"))
        many = [asyncio.create_task(ask("a")) for _ in range(30)]
        await asyncio.sleep(0.01)
        impatient.cancel()  # whoever began it may leave
        await asyncio.gather(*many)
        assert (len(made), len(store.reads)) == (1, 1)
        await ask("a", 2)
        await ask("a", 2)
        assert (len(made), len(compared._held)) == (2, 1)
        for key in range(100):
            await ask(str(key))
        assert compared._bytes <= HELD
        assert compared._bytes == sum(held.bytes for held in compared._held.values()) > HELD / 2

        def fails(_: Any) -> None:
            raise ArithmeticError

        for _ in range(2):  # nothing is held of what failed
            with pytest.raises(ArithmeticError):
                await compared._once("bad", [("run", 1)], (), fails)

    in_loop(asked())


@pytest.mark.parametrize("value", ["\ud800", ["\udfff"], {"name": "mlp", "params": {"\ud800": 1}}])
def test_half_a_character_is_refused_and_the_list_of_studies_stays_whole(server: Server, value: Any) -> None:
    for body in (
        {"base": SMALL, "axes": {"model.name": ["mlp", value]}, "seeds": 1},
        {"base": SMALL | {"name": value}, "axes": {}, "seeds": 1},
        {"base": SMALL, "axes": {}, "seeds": 1, "name": value},
    ):
        answer = server.client.post("/api/studies", content=ascii_json(body), headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"]
    for body in ({"name": value}, {"\ud800": value}, {"model": {"params": {"\ud800": 1}}}, {"tags": [value]}):
        answer = server.client.post("/api/runs", content=ascii_json(body), headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, (body, answer.text)
    assert server.client.get("/api/studies").status_code == 200
    assert server.client.get("/api/runs").status_code == 200


def ascii_json(body: Any) -> bytes:
    """With escapes, as httpx would not write them."""
    return json.dumps(body).encode()


def test_two_cells_that_are_one_experiment_are_refused(server: Server) -> None:
    axes = {"model.params.width": [4, 8], "penalty.l1": [0.1, "0.1"]}
    answer = server.client.post("/api/studies", json={"base": SMALL, "axes": axes, "seeds": 1})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["loc"] == "axes.penalty.l1"
    assert "make the same experiment" in error["msg"]


def test_seeds_are_not_counted_on_beyond_the_largest() -> None:
    assert further(SEEDS - 2, [], 2) == [SEEDS - 2, SEEDS - 1]
    with pytest.raises(Problem, match="have to stay below"):
        further(SEEDS - 2, [], 3)
    with pytest.raises(Problem, match="have to stay below"):
        further(0, [SEEDS - 1], 1)


def test_a_study_goes_on_however_many_wait_by_hand(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="1", DYNASCOPE_MAX_QUEUED="1").start()
    base = SMALL | {"stop": {"max_epochs": None, "max_steps": 20_000, "early": None}}
    study = begin(server, base=base, axes={}, seeds=1)["id"]
    until(lambda: server.client.get(f"/api/studies/{study}").json()["runs"]["going"] == 1)
    server.client.post(f"/api/studies/{study}/cancel")
    begun = [server.post(FULL)["id"] for _ in range(2)]
    assert server.client.post("/api/runs", json=FULL).status_code == 429
    assert server.client.post(f"/api/studies/{study}/extend", json={"seeds": 0}).status_code == 200
    time.sleep(0.5)
    assert server.client.get(f"/api/studies/{study}").json()["status"] == "running"
    for run in begun:
        server.control(run, "stop")
    assert wait(server, study)["status"] == "done"


def test_a_resume_that_waits_for_a_slot_hears_that_its_run_was_stopped(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="1").start()
    paused = server.post(FULL)["id"]
    until(lambda: server.get(paused)["status"] == "running")
    server.control(paused, "pause")
    other = server.post(FULL)["id"]
    until(lambda: server.get(other)["status"] == "running")
    answers: list[Any] = []
    resume = threading.Thread(target=lambda: answers.append(server.client.post(f"/api/runs/{paused}/control", json={"action": "resume"})))
    resume.start()
    time.sleep(0.5)
    begun = time.monotonic()
    assert server.client.post(f"/api/runs/{paused}/control", json={"action": "stop"}).status_code == 200
    resume.join(20)
    assert time.monotonic() - begun < 15  # it had 25 s left to wait for a slot
    (answer,) = answers
    assert answer.status_code == 409
    assert "has ended" in answer.json()["detail"]
    assert server.client.get("/api/slots").json()["running"] == 1


def test_what_was_resumed_while_its_study_is_deleted_goes_too(server: Server) -> None:
    base = SMALL | {"stop": {"max_epochs": None, "max_steps": 5, "early": None}}
    study = wait(server, begin(server, base=base, axes={"model.params.width": list(range(4, 44))}, seeds=1)["id"])
    runs = [run["run"] for cell in study["cells"] for run in cell["runs"]]
    asked = threading.Thread(
        target=lambda: [server.client.post(f"/api/runs/{run}/resume", json={"changes": {"stop.max_steps": 10**6}}) for run in runs[::-1]]
    )
    asked.start()
    assert server.client.delete(f"/api/studies/{study['id']}", timeout=60).status_code == 204
    asked.join(60)
    assert all(server.client.get(f"/api/runs/{run}").status_code == 404 for run in runs)
    left = [run for run in runs if Path(server.data / "runs" / run).exists()]
    until(lambda: not [run for run in left if Path(server.data / "runs" / run).exists()])


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
