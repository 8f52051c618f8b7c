"""Studies over REST: cells, pairs of runs, statistics, what is refused, and what outlives a server."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from app.runs.resuming import keep_newest
from tests.app.runs.test_runs import SMALL, endless
from tests.server import Server

GRID = {"init.name": ["zeros", "kaiming_normal"], "norm.name": ["none", "layer"]}


def begin(server: Server, **body: Any) -> dict[str, Any]:
    answer = server.client.post("/api/studies", json={"base": SMALL} | body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def get(server: Server, id: str, **query: Any) -> dict[str, Any]:
    answer = server.client.get(f"/api/studies/{id}", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def wait(server: Server, id: str, seconds: float = 100) -> dict[str, Any]:
    told = server.client.get(f"/api/studies/{id}/wait", params={"timeout": seconds}, timeout=seconds + 10).json()
    assert told["status"] != "running", told
    return get(server, id)


@pytest.fixture(scope="session")
def study(shared_server: Server) -> dict[str, Any]:
    """One that is done; tests only look at it."""
    return wait(shared_server, begin(shared_server, name="격자 🌱", axes=GRID, seeds=3)["id"])


def test_every_combination_has_a_run_of_every_seed(server: Server, study: dict[str, Any]) -> None:
    assert (study["status"], study["seeds"], study["name"]) == ("done", [0, 1, 2], "격자 🌱")
    assert study["runs"] == {"total": 12, "waiting": 0, "going": 0, "ended": 12, "failed": 0}
    assert [cell["values"] for cell in study["cells"]] == [
        {"init.name": init, "norm.name": norm} for init in GRID["init.name"] for norm in GRID["norm.name"]
    ]
    for cell in study["cells"]:
        for told, seed in zip(cell["runs"], study["seeds"], strict=True):
            run = server.get(told["run"])
            assert (told["seed"], run["spec"]["seed"], told["status"], run["status"]) == (seed, seed, "finished", "finished")
            assert (run["study"], run["cell"]) == (study["id"], cell["index"])
            assert run["spec"]["init"]["name"] == cell["values"]["init.name"]
    listed = server.client.get("/api/runs", params={"study": study["id"], "limit": 200}).json()["items"]
    assert {run["id"] for run in listed} == {told["run"] for cell in study["cells"] for told in cell["runs"]}


def test_a_run_of_a_cell_is_to_the_last_bit_the_run_that_is_started_alone(server: Server, study: dict[str, Any]) -> None:
    cell = study["cells"][3]
    alone = server.post(SMALL | {"init": {"name": "kaiming_normal"}, "norm": {"name": "layer"}, "seed": 2})
    server.wait(alone["id"])
    for name in ("train/loss", "val/loss", "test/accuracy"):
        assert server.points(cell["runs"][2]["run"], name) == server.points(alone["id"], name)


def test_finals_and_bands_are_those_of_the_runs_own_series(server: Server, study: dict[str, Any]) -> None:
    cell = study["cells"][1]
    runs = [told["run"] for told in cell["runs"]]
    for name, final in cell["finals"].items():
        if name == "time/steps_per_s":  # a run that is over within a second has no rate
            continue
        values = [server.get(run)["latest"][name] for run in runs]
        assert final["values"] == values
        assert final["n"] == 3
        assert final["mean"] == pytest.approx(np.mean(values))
        assert final["median"] == pytest.approx(np.median(values))
        assert (final["q10"], final["q90"]) == pytest.approx(tuple(np.quantile(values, [0.1, 0.9])))
    told = server.client.get(f"/api/studies/{study['id']}/bands", params={"name": "train/loss"}).json()
    assert [c["index"] for c in told["cells"]] == [0, 1, 2, 3]
    points = [server.points(run, "train/loss") for run in runs]
    column = told["cells"][1]
    assert (told["unit_width"], column["step"], column["n"]) == (1, points[0][0], [3] * len(points[0][0]))
    assert column["mean"] == pytest.approx(np.mean([values for _, values in points], axis=0))  # type: ignore[arg-type]
    coarse = server.client.get(f"/api/studies/{study['id']}/bands", params={"name": "train/loss", "points": 8}).json()
    width = coarse["unit_width"]
    assert width > 1
    means = [np.mean([np.array(v)[np.array(s) // width == i] for s, v in points]) for i in range(len(coarse["cells"][1]["step"]))]
    assert coarse["cells"][1]["mean"] == pytest.approx(means)


@pytest.mark.parametrize(
    ("body", "loc", "words"),
    [
        ({"axes": {"init.nme": ["zeros"]}}, "axes.init.nme", "init.name"),
        ({"axes": {"lr": [1]}}, "axes.lr", "optimizer.params.lr"),
        ({"axes": {"seed": [1, 2]}}, "axes.seed", "seeds"),
        ({"axes": {"name": ["a"]}}, "axes.name", "changes nothing"),
        ({"axes": {f"data.{n}_size": [i + 1 for i in range(100)] for n in ("val", "test", "train")}}, "axes", "1,000,000 cells"),
        ({"seeds": 5000, "axes": {"norm.name": ["none", "batch"]}}, "seeds", "10,000 runs"),
        ({"seeds": [1, 1]}, "seeds", "once"),
        ({"axes": {"norm.name": ["none", "none"]}}, "axes.norm.name", "twice"),
        ({"axes": {"norm.name": ["nowhere"]}}, "norm.name", "there is no norm"),
        ({"axes": {"penalty.l1": ["much"]}}, "penalty.l1", "valid number"),
        ({"base": {"model": {"params": {"depth": -1}}}}, "model.params.depth", "greater than"),
        ({"axes": {"norm.name": []}}, "axes.norm.name", "at least 1"),
        ({"axes": {f"penalty.l{i}": [1] for i in range(5)}}, "axes", "at most 4"),
    ],
)
def test_what_can_not_be_a_study_is_refused_with_its_field(server: Server, body: dict[str, Any], loc: str, words: str) -> None:
    answer = server.client.post("/api/studies", json=body)
    assert answer.status_code == 422
    errors = {error["loc"]: error["msg"] for error in answer.json()["errors"]}
    assert loc in errors, errors
    assert words in errors[loc], json.dumps(errors)


def settled(server: Server, id: str) -> dict[str, Any]:
    """A study of which something runs."""
    end = time.monotonic() + 30
    while True:
        told = get(server, id)
        runs = [run for cell in told["cells"] for run in cell["runs"]]
        if any(run["status"] == "running" and (server.get(run["run"])["step"] or 0) > 20 for run in runs):
            return told
        assert time.monotonic() < end, told
        time.sleep(0.05)


def statuses(told: dict[str, Any]) -> list[str]:
    return [run["status"] for cell in told["cells"] for run in cell["runs"]]


def ids(told: dict[str, Any]) -> list[str]:
    return [run["run"] for cell in told["cells"] for run in cell["runs"] if run["run"]]


def test_a_cell_that_can_not_be_run_is_a_hole_and_the_rest_runs(server: Server) -> None:
    axes = {"norm.name": ["none", "nowhere"], "penalty.l1": [0, "much"], "stop.early": [None, {"patience": 3}]}
    told = wait(server, begin(server, axes=axes)["id"])
    assert [cell["refused"] is None for cell in told["cells"]] == [True, True, False, False, False, False, False, False]
    assert told["cells"][2]["refused"][0]["loc"] == "penalty.l1"
    assert (told["cells"][4]["refused"][0]["loc"], told["cells"][4]["runs"], told["cells"][4]["finals"]) == ("norm.name", [], {})
    assert told["runs"]["total"] == 2
    assert told["cells"][1]["finals"]["val/loss"]["n"] == 1
    assert told["cells"][1]["finals"]["val/loss"]["low"] is None


def test_a_run_that_diverges_is_told_by_n(server: Server) -> None:
    base = SMALL | {"norm": {"name": "none"}, "data": {"name": "diabetes"}}
    told = wait(server, begin(server, base=base, axes={"optimizer.params.lr": [1e-3, 1e6]}, seeds=2)["id"])
    assert statuses(told) == ["finished", "finished", "diverged", "diverged"]
    assert told["runs"]["failed"] == 0
    final = told["cells"][1]["finals"]["train/loss"]
    assert (final["n"], final["mean"], final["values"]) == (0, None, [None, None])
    assert "test/loss" not in told["cells"][1]["finals"]
    assert told["cells"][0]["finals"]["test/loss"]["n"] == 2


def test_the_same_request_sent_twice_is_one_study(server: Server) -> None:
    body = {"base": SMALL, "seeds": 2}
    first, again = (server.client.post("/api/studies", json=body, headers={"Idempotency-Key": "study-1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = server.client.post("/api/studies", json=body | {"seeds": 3}, headers={"Idempotency-Key": "study-1"})
    assert (other.status_code, other.json()["errors"][0]["loc"]) == (422, "Idempotency-Key")


def test_a_cancelled_study_stops_and_goes_on_when_it_is_extended(server: Server) -> None:
    base = SMALL | {"pace": 60, "stop": {"max_epochs": None, "max_steps": 120, "early": None}}
    id = begin(server, base=base, axes={"norm.name": ["none", "layer", "batch"]}, seeds=4)["id"]
    before = settled(server, id)
    answer = server.client.post(f"/api/studies/{id}/cancel")
    told = answer.json()
    assert (answer.status_code, told["status"], told["runs"]["going"]) == (200, "cancelled", 0)
    assert "stopped" in statuses(told)
    assert "waiting" in statuses(told)
    assert all(cell["finals"].get("test/loss", {"n": 0})["n"] == statuses({"cells": [cell]}).count("finished") for cell in told["cells"])
    assert server.client.post(f"/api/studies/{id}/cancel").status_code == 409
    extended = server.client.post(f"/api/studies/{id}/extend", json={"seeds": [9]}).json()
    assert (extended["status"], extended["seeds"]) == ("running", [0, 1, 2, 3, 9])
    done = wait(server, id, 90)
    assert (done["status"], done["runs"]["ended"], set(statuses(done))) == ("done", 15, {"finished"})
    assert set(ids(before)) <= set(ids(done))  # what was stopped went on from its checkpoint
    listed = server.client.get("/api/runs", params={"study": id, "limit": 200}).json()["items"]
    assert sorted(run["id"] for run in listed) == sorted(ids(done))
    alone = server.post(base | {"norm": {"name": "none"}, "seed": 0, "pace": None})["id"]
    server.wait(alone)
    assert server.points(ids(done)[0], "train/loss") == server.points(alone, "train/loss")


@pytest.mark.parametrize(
    ("body", "loc", "words"),
    [({"seeds": [0]}, "seeds", "there already"), ({"seeds": -1}, "seeds", "greater than"), ({"seeds": 5000}, "seeds", "20,012 runs")],
)
def test_what_a_study_can_not_be_extended_by_is_refused(
    server: Server, study: dict[str, Any], body: dict[str, Any], loc: str, words: str
) -> None:
    answer = server.client.post(f"/api/studies/{study['id']}/extend", json=body)
    assert answer.status_code == 422
    assert any(error["loc"].startswith(loc) and words in error["msg"] for error in answer.json()["errors"]), answer.text


def test_a_study_that_is_deleted_while_it_runs_leaves_nothing(server: Server) -> None:
    id = begin(server, base=endless(), axes=GRID, seeds=2)["id"]
    told = settled(server, id)
    runs = ids(told)
    pids = [pid for run in runs if (pid := server.get(run)["pid"])]
    assert pids
    assert server.client.delete(f"/api/studies/{id}").status_code == 204
    assert server.client.get(f"/api/studies/{id}").status_code == 404
    assert server.client.delete(f"/api/studies/{id}").status_code == 404
    assert server.client.get("/api/runs", params={"study": id}).json()["items"] == []
    assert not any((server.data / "runs" / run).exists() for run in runs)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert all(server.client.get(f"/api/runs/{run}").status_code == 404 for run in runs)


def test_a_run_that_someone_starts_by_hand_does_not_wait_for_those_of_a_study(server: Server) -> None:
    id = begin(server, base=endless(pace=None), axes=GRID, seeds=2)["id"]
    settled(server, id)
    assert server.client.get("/api/slots").json()["queued"] > 0
    assert server.wait(server.post(SMALL)["id"])["status"] == "finished"
    assert "running" in statuses(get(server, id))
    server.client.delete(f"/api/studies/{id}")


@pytest.mark.timeout(240)
def test_a_server_that_was_killed_goes_on_with_its_study_and_nothing_is_lost_or_twice(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    base = SMALL | {"pace": 100, "stop": {"max_epochs": None, "max_steps": 150, "early": None}}
    id = begin(server, base=base, axes={"norm.name": ["none", "layer", "nowhere"]}, seeds=4)["id"]
    settled(server, id)
    before = get(server, id)
    server.kill()
    server.start()
    between = get(server, id)
    assert between["status"] == "running"
    assert set(ids(before)) <= set(ids(between))
    settled(server, id)
    assert server.process is not None
    server.process.terminate()  # asked to end, it breaks its runs off; they go on as well
    server.process.wait(20)
    server.start()
    done = wait(server, id, 120)
    assert (done["status"], done["runs"]["ended"], set(statuses(done))) == ("done", 8, {"finished"})
    listed = server.client.get("/api/runs", params={"study": id, "limit": 200}).json()["items"]
    assert sorted(run["id"] for run in listed) == sorted(ids(done))
    assert len({(run["cell"], run["spec"]["seed"]) for run in listed}) == 8
    for run in listed:
        assert server.points(run["id"], "train/loss")[0] == list(range(150))
    server.stop()


def test_of_a_studys_run_that_has_ended_the_newest_checkpoint_stays_and_those_that_someone_made(tmp_path: Path) -> None:
    for name in ("10.auto.safetensors", "9.safetensors", "200.auto.safetensors", "30.auto.safetensors"):
        (tmp_path / name).touch()
    keep_newest(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"9.safetensors", "200.auto.safetensors"}
    (tmp_path / "210.safetensors").touch()
    keep_newest(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"9.safetensors", "210.safetensors"}
    keep_newest(tmp_path / "nothing")
