"""What a script can do beside starting a run: fork, read what was fitted, take the code and the series away."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from tests.app.runs.test_runs import SMALL, endless
from tests.server import Server


def fork(server: Server, run: str, at: Any = "now", changes: dict[str, Any] | None = None) -> Any:
    return server.client.post(f"/api/runs/{run}/fork", json={"at": at, "changes": changes or {}})


def test_a_fork_now_goes_on_bitwise_beside_its_parent_and_both_are_runs_of_their_own(server: Server) -> None:
    parent = server.post(endless(300, name="부모"))["id"]
    server.until_step(parent, 40)
    made = fork(server, parent)
    assert made.status_code == 201, made.text
    child = made.json()["id"]
    server.until_step(child, 200)
    server.until_step(parent, 200)
    record = server.get(child)
    assert record["parent"] == parent
    assert record["name"].startswith("부모 ⑂")
    at = record["forked_at"]
    steps, losses = server.points(child, "train/loss")
    assert steps[0] == at
    before = dict(zip(*server.points(parent, "train/loss"), strict=True))
    both = [(before[s], loss) for s, loss in zip(steps, losses, strict=True) if s in before]
    assert len(both) > 100
    assert all(a == b for a, b in both)
    for run in (parent, child):
        server.control(run, "stop")


def test_a_finished_run_is_forked_from_its_last_state_with_changes(server: Server) -> None:
    parent = server.wait(server.post(SMALL)["id"])["id"]
    (kept,) = server.client.get(f"/api/runs/{parent}/checkpoints").json()["items"]
    assert kept["step"] == 60
    refused = fork(server, parent)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == "stop.max_steps"
    made = fork(server, parent, 60, {"stop.max_steps": 90, "norm.name": "layer", "penalty.l2": 0.01}).json()
    assert (made["spec"]["norm"]["name"], made["spec"]["norm"]["params"]) == ("layer", {"eps": 1e-5, "affine": True, "over": "auto"})
    assert server.wait(made["id"])["step"] == 90
    assert server.points(made["id"], "train/loss")[0] == list(range(60, 90))
    script = server.client.get(f"/api/runs/{made['id']}/code")
    assert script.status_code == 422
    assert {e["loc"] for e in script.json()["errors"]} >= {"norm.name"}


def test_what_can_not_be_forked_says_why(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="1").start()
    going = server.post(endless(None))["id"]  # type: ignore[arg-type]
    server.until_step(going, 10)
    waiting = server.post(endless(None))["id"]  # type: ignore[arg-type]
    never = fork(server, waiting)
    assert never.status_code == 409
    assert "has not started" in never.json()["detail"]
    assert fork(server, "nobody").status_code == 404
    assert fork(server, going, 3).status_code in (409, 422)
    for wrong in ([], "now", {"penalty.l2": -1}, {"norm.params.grops": 3}, {"optimizer": None}):
        answer = server.client.post(f"/api/runs/{going}/fork", json={"at": "now", "changes": wrong})
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.json()["errors"]
    server.control(waiting, "stop")
    server.control(going, "stop")


def test_the_code_of_a_steered_run_gives_its_losses(server: Server, tmp_path: Path) -> None:
    run = server.post(endless(400) | {"seed": 3, "stop": {"max_epochs": None, "max_steps": 400, "early": None}})["id"]
    server.until_step(run, 30)
    server.control(run, "set", **{"penalty.l2": 0.02, "pace": 2000})
    assert server.wait(run)["status"] == "finished"
    answer = server.client.get(f"/api/runs/{run}/code")
    assert answer.headers["content-type"].startswith("text/x-python")
    (tmp_path / "run.py").write_text(answer.text)
    subprocess.run([sys.executable, "-I", "run.py", "losses.csv"], cwd=tmp_path, check=True, capture_output=True)
    assert [float(x) for x in (tmp_path / "losses.csv").read_text().split()] == server.points(run, "train/loss")[1]


@pytest.mark.parametrize(
    ("spec", "kind", "shape"),
    [({"data": {"name": "moons"}}, "boundary", [1, 56, 56]), ({"data": {"name": "sine"}}, "curve", [1, 1, 201]), ({}, "weights", [64, 64])],
)
def test_what_a_run_has_fitted_is_read_at_any_step(server: Server, spec: dict[str, Any], kind: str, shape: list[int]) -> None:
    run = server.wait(server.post({**spec, "optimizer": {"params": {"lr": 0.01}}, "stop": SMALL["stop"]})["id"])["id"]
    last = server.client.get(f"/api/runs/{run}/function").json()
    assert last["function"]["step"] == 60
    assert last["function"]["shape"] == shape
    assert last["function"]["meta"]["kind"] == kind
    assert server.client.get(f"/api/runs/{run}/function?step=0").json()["function"]["step"] == 0
    assert (last["points"] is None) == (kind == "weights")


def test_a_runs_series_are_taken_away_as_csv_and_parquet(server: Server, tmp_path: Path) -> None:
    run = server.wait(server.post(SMALL)["id"])["id"]
    steps, losses = server.points(run, "train/loss")
    rows = list(csv.DictReader(io.StringIO(server.client.get(f"/api/runs/{run}/export?format=csv").text)))
    assert [float(r["value"]) for r in rows if r["series"] == "train/loss"] == losses
    table = pyarrow.parquet.read_table(io.BytesIO(server.client.get(f"/api/runs/{run}/export?format=parquet").content))
    mine = table.filter(pyarrow.compute.equal(table["series"].cast("string"), "train/loss"))
    assert (mine["step"].to_pylist(), mine["value"].to_pylist()) == (steps, losses)
    assert table.num_rows == len(rows)
    assert server.client.get(f"/api/runs/{run}/export?format=xml").status_code == 422


def test_a_diagnosis_is_in_the_record_with_its_evidence(server: Server) -> None:
    preset = next(p for p in server.client.get("/api/catalog").json()["presets"] if p["name"] == "all_weights_equal")
    record = server.wait(server.post(preset["arms"][0]["spec"] | {"pace": None})["id"])
    (found,) = [d for d in record["diagnosis"] if d["rule"] == "symmetry"]
    assert found["evidence"]["units"] == 32
    assert found["mend"] == {"init.name": "kaiming_normal"}
    rules = {r["name"]: r for r in server.client.get("/api/catalog").json()["diagnoses"]}
    assert "{units}" in rules["symmetry"]["sentence"]["ko"]


@pytest.mark.parametrize(
    ("spec", "loc"),
    [
        ({"norm": {"name": "group", "params": {"groups": 7}}}, "norm.params.groups"),
        ({"norm": {"name": "group", "params": {"groups": 64}}}, "norm.params.groups"),
        ({"data": {"name": "sine"}, "loss": "cross_entropy"}, "loss"),
        ({"data": {"label_noise": 1.5}}, "data.label_noise"),
        ({"data": {"name": "diabetes", "label_noise": 0.1}}, "data.label_noise"),
        ({"name": "x" * 100_000}, "name"),
        ({"tags": ["t"] * 200}, "tags"),
        ({"penalty": {"method": "decoupled", "l1": 0.1}}, "penalty.l1"),
        ({"penalty": {"method": "proximal", "l1": 0.1}, "optimizer": {"name": "adam"}}, "penalty.method"),
        ({"optimizer": {"name": "gd"}}, "data.batch_size"),
        ({"optimizer": {"schedule": {"name": "sawtooth"}}}, "optimizer.schedule.name"),
        ({"optimizer": {"schedule": {"name": "cosine", "params": {"warmup": -1}}}}, "optimizer.schedule.params.warmup"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_field(server: Server, spec: dict[str, Any], loc: str) -> None:
    answer = server.client.post("/api/runs", json=spec)
    assert answer.status_code == 422
    assert loc in [e["loc"] for e in answer.json()["errors"]]


def test_every_live_setting_reaches_the_trainer(server: Server) -> None:
    spec = endless(200, optimizer={"name": "adam", "clip_norm": 1.0, "schedule": {"name": "step"}}, norm={"name": "batch"})
    run = server.post(spec)["id"]
    server.until_step(run, 5)
    changes = {
        "optimizer.params.beta1": 0.5,
        "optimizer.params.weight_decay": 0.01,
        "optimizer.clip_norm": None,
        "optimizer.schedule.params.every": 7,
        "model.params.dropout": 0.5,
        "norm.params.momentum": 0.9,
        "probes.budget": 0.05,
        "stop.max_steps": 400,
    }
    assert server.control(run, "set", **changes)["changes"] == changes
    record = server.wait(run)
    assert record["step"] == 400
    refused = server.client.post(f"/api/runs/{server.post(endless())['id']}/control", json={"action": "set", "changes": {}})
    assert refused.status_code == 422
    for going in server.client.get("/api/runs?status=running").json()["items"]:
        server.control(going["id"], "stop")
