"""The life of runs on a real server with real trainers: start, steer, end, refuse, survive."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.server import TOKEN, Server

SMALL: dict[str, Any] = {
    "data": {"name": "moons"},
    "model": {"params": {"depth": 2, "width": 16}},
    "stop": {"max_epochs": None, "max_steps": 60, "early": None},
}


def endless(pace: float | None = 200, **more: Any) -> dict[str, Any]:
    return SMALL | {"pace": pace, "stop": {"max_epochs": None, "max_steps": 1_000_000, "early": None}} | more


def test_a_run_goes_from_queued_to_finished_and_every_step_is_there(server: Server) -> None:
    made = server.post(SMALL | {"name": "첫 실행 🌱 <script>", "tags": ["시험"]})
    assert made["spec"]["optimizer"]["params"]["lr"] == 0.1
    record = server.wait(made["id"])
    assert (record["status"], record["step"], record["name"]) == ("finished", 60, "첫 실행 🌱 <script>")
    steps, losses = server.points(made["id"], "train/loss")
    assert steps == list(range(60))
    assert all(loss is not None for loss in losses)
    assert server.points(made["id"], "val/loss")[0][0] == 0
    assert server.points(made["id"], "test/accuracy")[0] == [60]
    assert record["latest"]["test/accuracy"] == server.points(made["id"], "test/accuracy")[1][0]
    assert [layer["name"] for layer in record["layers"]] == ["hidden1", "hidden2", "out"]
    assert server.client.get("/api/runs", params={"tag": "시험"}).json()["items"][0]["id"] == made["id"]


def test_a_worker_is_forked_from_a_forkserver_that_had_imported_everything(server: Server) -> None:
    server.wait(server.post(SMALL)["id"])
    assert "preloaded nothing" not in server.log.read_text()
    assert "could not preload" not in server.log.read_text()


def test_the_servers_process_never_maps_torch_and_stays_small(new_server: Callable[..., Server]) -> None:
    """A server of its own: one that has written Parquet holds pyarrow from then on."""
    server = new_server().start()
    server.wait(server.post(SMALL)["id"])
    assert server.process is not None
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libtorch" not in maps
    assert "llvmlite" not in maps
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    resident = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
    assert resident < 150_000, f"{resident} kB"


def test_the_same_spec_and_seed_give_bitwise_the_same_losses_measured_or_not(server: Server) -> None:
    spec = {"stop": {"max_epochs": 2, "max_steps": None, "early": None}}
    variants = [spec, spec, spec | {"probes": {"every": 1}}, spec | {"probes": {"every": "never"}}, spec | {"pace": 300}]
    runs = [server.post(variant)["id"] for variant in variants]
    for run in runs:
        assert server.wait(run)["status"] == "finished"
    for name in ("train/loss", "val/loss", "test/loss"):
        curves = [server.points(run, name) for run in runs]
        assert len(curves[0][0]) > 0
        assert all(curve == curves[0] for curve in curves), name
    other = server.post(spec | {"seed": 1})["id"]
    server.wait(other)
    assert server.points(other, "train/loss") != server.points(runs[0], "train/loss")


def test_controls_are_applied_at_a_step_boundary_acknowledged_with_it_and_kept(server: Server) -> None:
    run = server.post(endless())["id"]
    server.until_step(run, 5)
    paused = server.control(run, "pause")
    assert paused["status"] == "paused"
    assert server.get(run)["status"] == "paused"
    time.sleep(0.3)
    held = server.get(run)["step"]
    stepped = server.control(run, "step")
    assert (stepped["status"], stepped["step"]) == ("paused", paused["step"])
    time.sleep(0.3)
    assert server.control(run, "pause")["step"] == paused["step"] + 1
    changed = server.control(run, "set", optimizer__params__lr=0.01, penalty__l1=1e-4, penalty__l2=1e-3, pace=500)
    resumed = server.control(run, "resume")
    assert changed["step"] <= resumed["step"]
    server.until_step(run, held + 50)
    stopped = server.control(run, "stop")
    record = server.wait(run)
    assert record["status"] == "stopped"
    assert record["step"] == stopped["step"]
    steps, rates = server.points(run, "lr")
    assert [r for s, r in zip(steps, rates, strict=True) if s < changed["step"]] == [0.1] * int(changed["step"])
    assert {r for s, r in zip(steps, rates, strict=True) if s >= changed["step"]} == {0.01}
    kept = [e for e in server.client.get(f"/api/runs/{run}/events").json()["items"] if e["kind"] == "control"]
    assert [e["data"]["action"] for e in kept] == ["pause", "step", "pause", "set", "resume", "stop"]
    assert kept[3]["step"] == changed["step"]
    assert kept[3]["data"]["changes"]["penalty.l2"] == 1e-3


def test_a_change_that_is_not_live_or_not_allowed_is_refused_and_changes_nothing(server: Server) -> None:
    run = server.post(endless())["id"]
    server.until_step(run, 2)
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"action": "set", "changes": {"seed": 3}}, "seed"),
        ({"action": "set", "changes": {"optimizer.params.lr": "fast"}}, "optimizer.params.lr"),
        ({"action": "set", "changes": {"penalty.l2": -1}}, "penalty.l2"),
        ({"action": "set", "changes": {}}, "changes"),
        ({"action": "pause", "changes": {"pace": 3}}, "changes"),
        ({"action": "jump"}, "action"),
    ]
    for body, loc in refusals:
        answer = server.client.post(f"/api/runs/{run}/control", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["loc"] == loc
    assert set(server.points(run, "lr")[1]) == {0.1}
    server.control(run, "stop")
    server.wait(run)
    after = server.client.post(f"/api/runs/{run}/control", json={"action": "pause"})
    assert after.status_code == 409
    assert "stopped" in after.json()["detail"]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"optimiser": {}}, "optimiser", "no such field"),
    ({"model": {"params": {"width": -4}}}, "model.params.width", "greater"),
    ({"model": {"params": {"wdith": 4}}}, "model.params.wdith", ""),
    ({"optimizer": {"params": {"lr": "fast"}}}, "optimizer.params.lr", "number"),
    ({"model": {"params": {"depth": 100, "width": 100_000}}}, "model.params", "parameters"),
    ({"data": {"batch_size": 1}}, "data.batch_size", "batch"),
    ({"init": {"name": "xavier"}}, "init.name", "xavier_uniform"),
    ({"data": {"label_noise": 1.5}}, "data.label_noise", "1"),
    ({"name": "x" * 100_000}, "name", "200"),
    ({"tags": ["t"] * 200}, "tags", "50"),
    ({"stop": {"max_epochs": None}}, "stop", "max_steps"),
]


@pytest.mark.parametrize(("spec", "loc", "word"), BAD, ids=[f"{loc}-{i}" for i, (_, loc, _) in enumerate(BAD)])
def test_a_bad_spec_is_refused_with_field_given_and_allowed_and_nothing_starts(
    server: Server, spec: dict[str, Any], loc: str, word: str
) -> None:
    before = server.client.get("/api/runs", params={"limit": 1}).json()["items"]
    for path in ("/api/runs", "/api/plan"):
        answer = server.client.post(path, json=spec)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        error = next(e for e in answer.json()["errors"] if e["loc"].startswith(loc))
        assert word in error["msg"]
        assert error["got"] is not None
    assert server.client.get("/api/runs", params={"limit": 1}).json()["items"] == before


@pytest.mark.parametrize("cursor", ["x", "e30=", "WzEsMl0", "WzEsIlx1ZDgwMCJd"])
def test_a_cursor_that_nobody_gave_out_is_refused(server: Server, cursor: str) -> None:
    answer = server.client.get("/api/runs", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, "cursor")


def test_an_address_that_is_none_is_told_in_the_askers_language(server: Server) -> None:
    asked = {"Accept-Language": "ko"}
    assert "GET /api/nothing이(가) 없습니다" in server.client.get("/api/nothing", headers=asked).json()["detail"]
    assert "PUT /api/runs이(가) 없습니다" in server.client.put("/api/runs", headers=asked).json()["detail"]


def test_a_body_that_is_not_a_spec_is_a_problem_document(server: Server) -> None:
    for content in (b"[]", b"{", b"null", b'{"seed": NaN}', b'{"seed": 1e999}', b"\xff\xfe"):
        answer = server.client.post("/api/runs", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, (content, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_same_request_twice_within_a_millisecond_starts_one_run(server: Server) -> None:
    def start(spec: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "one-intent"}
        return httpx.post(f"{server.url}/api/runs", json=spec, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(start, [SMALL] * 4))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 201]
    assert len({a.json()["id"] for a in answers}) == 1
    other = start(SMALL | {"seed": 5})
    assert other.status_code == 422
    assert other.json()["errors"][0]["loc"] == "Idempotency-Key"
    server.wait(answers[0].json()["id"])


def test_a_nan_loss_ends_the_run_as_diverged_with_all_points_up_to_it(server: Server) -> None:
    spec = {"norm": {"name": "none"}, "model": {"params": {"depth": 6}}, "optimizer": {"params": {"lr": 1e18}}}
    run = server.post(spec)["id"]
    record = server.wait(run)
    assert record["status"] == "diverged"
    assert "loss" in record["end_reason"]
    steps, losses = server.points(run, "train/loss")
    assert steps == list(range(len(steps)))
    assert losses[-1] is None
    assert all(loss is not None for loss in losses[:-1])
    series = server.client.get(f"/api/runs/{run}/series", params={"names": "train/loss", "points": 5}).json()["series"][0]
    assert sum(series["nonfinite"]) == 1


def test_a_killed_worker_ends_its_run_as_failed_with_signal_and_reason(server: Server) -> None:
    run = server.post(endless())["id"]
    pid = server.until_step(run, 10)["pid"]
    os.kill(pid, signal.SIGKILL)
    record = server.wait(run, 5)
    assert record["status"] == "failed"
    assert "signal 9 (SIGKILL)" in record["end_reason"]
    assert str(pid) in record["end_reason"]
    steps, _ = server.points(run, "train/loss")
    assert steps == list(range(len(steps)))
    assert len(steps) >= 10  # step 10 has ten behind it, 0 to 9


def test_runs_beyond_the_slots_wait_their_turn_and_a_pause_gives_its_slot_back(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="2").start()
    busy = {"model": {"params": {"depth": 8, "width": 256}}, "stop": {"max_epochs": None, "max_steps": 10**7, "early": None}}
    first, second, third = (server.post(busy)["id"] for _ in range(3))
    server.until_step(first, 1)
    server.until_step(second, 1)
    time.sleep(2)
    assert server.get(third)["status"] == "queued"
    refused = server.client.post(f"/api/runs/{third}/control", json={"action": "pause"})
    assert refused.status_code == 409
    server.control(first, "pause")
    server.until_step(third, 1)
    server.control(second, "stop")
    server.control(first, "resume")
    for run in (first, third):
        server.control(run, "stop")
        assert server.wait(run)["status"] == "stopped"


def test_a_paced_run_takes_its_measured_share_of_a_core(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="2").start()
    runs = [server.post(endless(pace=20))["id"] for _ in range(8)]
    for run in runs:
        server.until_step(run, 1)
    assert [server.get(run)["status"] for run in runs] == ["running"] * 8


def test_a_run_is_changed_listed_page_by_page_and_deleted(server: Server) -> None:
    made = [server.post(SMALL | {"tags": ["paging"]})["id"] for _ in range(3)]
    for run in made:
        server.wait(run)
    first = server.client.get("/api/runs", params={"tag": "paging", "limit": 2}).json()
    rest = server.client.get("/api/runs", params={"tag": "paging", "limit": 2, "cursor": first["next"]}).json()
    assert [r["id"] for r in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    changed = server.client.patch(f"/api/runs/{made[0]}", json={"name": "새 이름", "notes": "n"}).json()
    assert (changed["name"], changed["notes"], changed["tags"]) == ("새 이름", "n", ["paging"])
    assert server.client.get("/api/runs", params={"q": "새 이"}).json()["items"][0]["id"] == made[0]
    assert server.client.patch(f"/api/runs/{made[0]}", json={}).status_code == 422
    assert server.client.delete(f"/api/runs/{made[0]}").status_code == 204
    for call in (server.client.get, server.client.delete):
        assert call(f"/api/runs/{made[0]}").status_code == 404
    running = server.post(endless())["id"]
    pid = server.until_step(running, 2)["pid"]
    assert server.client.delete(f"/api/runs/{running}").status_code == 204
    end = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_a_server_that_stops_ends_its_runs_and_keeps_all_that_they_sent(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    run = server.post(endless())["id"]
    pid = server.until_step(run, 20)["pid"]
    server.stop()
    assert not Path(f"/proc/{pid}").exists()
    again = Server(server.data, server.port).start(ready=False)
    record = again.get(run)
    assert (record["status"], record["end_reason"]) == ("interrupted", "the server was stopped")
    steps, _ = again.points(run, "train/loss")
    assert steps == list(range(len(steps)))
    again.stop()


@pytest.mark.timeout(240)
def test_a_server_killed_at_20_random_moments_loses_and_repeats_no_point(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    reference = server.post(endless(pace=2000, stop={"max_epochs": None, "max_steps": 6000, "early": None}))["id"]
    server.wait(reference)
    expected = server.points(reference, "train/loss")[1]
    run = server.post(endless(pace=60))["id"]
    pid = server.until_step(run, 3)["pid"]
    moments = random.Random(0)
    orphans: list[psutil.Process] = []
    for killed in range(20):
        time.sleep(moments.uniform(0.02, 0.8))
        assert server.process is not None
        if killed:  # the first one's forkserver stays as long as the run, which is forked from it
            orphans += psutil.Process(server.process.pid).children(recursive=True)
        server.kill()
        server.start(ready=False)
    assert orphans
    assert psutil.wait_procs(orphans, timeout=20)[1] == []
    before = server.get(run)["step"]
    record = server.until_step(run, before + 60)
    assert (record["status"], record["pid"]) == ("running", pid)
    server.control(run, "stop")
    assert server.wait(run)["status"] == "stopped"
    steps, losses = server.points(run, "train/loss")
    assert steps == list(range(len(steps)))
    both = min(len(losses), len(expected))  # a slow machine may have let it run past the other's end
    assert losses[:both] == expected[:both]
    val_steps, _ = server.points(run, "val/loss")
    assert len(val_steps) == len(set(val_steps))


def test_a_worker_that_dies_while_no_server_is_there_leaves_its_points_in_the_journal(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    run = server.post(endless())["id"]
    record = server.until_step(run, 20)
    server.kill()
    time.sleep(1.0)
    os.kill(record["pid"], signal.SIGKILL)
    time.sleep(0.2)
    server.start(ready=False)
    ended = server.wait(run, 10)
    assert ended["status"] == "interrupted"
    steps, _ = server.points(run, "train/loss")
    assert steps == list(range(len(steps)))
    assert len(steps) > record["step"] + 60


def test_a_run_without_a_server_ends_by_itself_and_is_found_whole(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SILENCE="1.5").start()
    run = server.post(endless())["id"]
    pid = server.until_step(run, 20)["pid"]
    server.kill()
    end = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
    server.start(ready=False)
    record = server.wait(run, 10)
    assert record["status"] == "interrupted"
    assert "no server answered" in record["end_reason"]


def test_a_second_server_on_the_same_folder_or_port_says_why_it_cannot_start(server: Server, tmp_path: Path) -> None:
    for data, word in ((server.data, "another server"), (tmp_path / "own", "--port")):
        command = [sys.executable, "-m", "dynascope", "serve", "--port", str(server.port), "--data", str(data), "--token", TOKEN]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert ended.returncode != 0
        assert word in ended.stderr
        assert "Traceback" not in ended.stderr
    assert server.client.get("/api/healthz").status_code == 200
