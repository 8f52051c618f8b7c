"""A run that ended goes on by its files alone, in a new process, bitwise as if it had never ended."""

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

import pytest

from tests.app.runs.test_runs import endless
from tests.app.viewing import Viewer
from tests.server import Server

STEPS = 1500


def spec(steps: int = STEPS, pace: float | None = 600, **more: Any) -> dict[str, Any]:
    """Everything that has a state of its own: dropout, batch norm, momentum, a schedule, early stopping that is not obeyed."""
    return {
        "seed": 5,
        "pace": pace,
        "data": {"name": "digits", "label_noise": 0.1},
        "model": {"params": {"depth": 2, "width": 24, "dropout": 0.2}},
        "norm": {"name": "batch"},
        "optimizer": {"name": "adam", "params": {"lr": 0.003}, "schedule": {"name": "cosine"}},
        "stop": {"max_epochs": None, "max_steps": steps, "early": None},
    } | more


def resume(server: Server, run: str, **body: Any) -> Any:
    return server.client.post(f"/api/runs/{run}/resume", json=body)


def resumed(server: Server, run: str, **body: Any) -> dict[str, Any]:
    answer = resume(server, run, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def same_curves(server: Server, run: str, other: str) -> None:
    names = (
        "train/loss",
        "train/accuracy",
        "lr",
        "grad/norm",
        "val/loss",
        "gap/loss",
        "labels/wrong_learnt",
        "test/loss",
        "train_eval/loss",
    )
    for name in names:
        one, two = server.points(run, name), server.points(other, name)
        assert one[0] == two[0], name
        assert one[1] == two[1], name
    assert server.points(run, "train/loss")[0] == list(range(len(server.points(run, "train/loss")[0])))


def matrix(server: Server, run: str, name: str) -> dict[str, Any]:
    return dict(server.client.get(f"/api/runs/{run}/matrices/{name}").json())


def quick(new_server: Callable[..., Server]) -> Server:
    return new_server(DYNASCOPE_CHECKPOINT_SECONDS="0.1").start()


def checkpoints(server: Server, run: str) -> dict[str, Any]:
    return dict(server.client.get(f"/api/runs/{run}/checkpoints").json())


def until_checkpoint(server: Server, run: str) -> float:
    end = time.monotonic() + 20
    while not (held := checkpoints(server, run)["items"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    return float(held[-1]["step"])


def test_a_killed_workers_run_goes_on_bitwise_with_its_live_changes(new_server: Callable[..., Server]) -> None:
    server = quick(new_server)
    run = server.post(spec(500, pace=60))["id"]
    saved = until_checkpoint(server, run)
    changed = server.control(run, "set", penalty__l2=0.001)["step"]
    assert changed > saved
    record = server.until_step(run, changed + 30)
    os.kill(record["pid"], signal.SIGKILL)
    ended = server.wait(run)
    assert (ended["status"], ended["can_resume"]) == ("failed", True)
    point = checkpoints(server, run)["resume"]
    assert point["step"] <= ended["step"]
    answer = resumed(server, run, at=saved, changes={"pace": None})
    assert (answer["attempt"], answer["step"]) == (2, saved)
    record = server.wait(run)
    assert (record["status"], record["attempt"], record["step"]) == ("finished", 2, 500)

    events = server.client.get(f"/api/runs/{run}/events").json()["items"]
    (again,) = [e for e in events if e["kind"] == "control" and e["data"]["action"] == "set"]
    assert (again["step"], again["data"]["again"]) == (changed, True)
    whole = server.post(spec(500, pace=60))["id"]  # the same, steered at the same step, never killed
    server.until_step(whole, 1)
    server.control(whole, "pause")
    here = int(server.get(whole)["step"])
    assert here < changed - 1
    server.client.post(f"/api/runs/{whole}/control", json={"action": "set", "changes": {"pace": None}})
    for _ in range(int(changed) - here + 3):
        answer = server.control(whole, "step")
        if answer["step"] >= changed - 1:
            break
    assert answer["step"] == changed - 1
    server.control(whole, "set", penalty__l2=0.001)
    server.control(whole, "resume")
    server.wait(whole)
    same_curves(server, run, whole)
    assert matrix(server, run, "visits")["values"] == matrix(server, whole, "visits")["values"]


@pytest.mark.parametrize("how", ["terminated", "killed with its worker"])
def test_after_the_server_is_gone_a_run_goes_on_bitwise(new_server: Callable[..., Server], how: str) -> None:
    server = quick(new_server)
    run = server.post(spec(pace=300))["id"]
    until_checkpoint(server, run)
    pid = server.until_step(run, 300)["pid"]
    if how == "terminated":
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
    else:
        server.kill()
        os.kill(pid, signal.SIGKILL)
    server.start()
    record = server.wait(run)
    assert record["status"] == "interrupted", record
    assert resumed(server, run, changes={"pace": None})["attempt"] == 2
    assert server.wait(run)["status"] == "finished"
    whole = server.post(spec(pace=None))["id"]  # not before: the paced run would not wait for it on a slow machine
    server.wait(whole)
    same_curves(server, run, whole)


def test_a_stopped_run_goes_on_and_a_finished_one_with_more_steps(server: Server) -> None:
    run = server.post(spec(1000))["id"]
    assert resume(server, run).status_code == 409
    server.until_step(run, 200)
    assert resume(server, run).status_code == 409
    at = server.control(run, "stop")["step"]
    server.wait(run)
    assert checkpoints(server, run)["resume"] == {"step": at, "file": f"{at:.0f}.safetensors", "needs_changes": False}
    resumed(server, run)
    assert server.wait(run)["status"] == "finished"
    whole = server.post(spec(1000, pace=None))["id"]
    server.wait(whole)
    same_curves(server, run, whole)

    refused = resume(server, run)
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, "stop.max_steps")
    assert server.get(run)["status"] == "finished"
    answer = resumed(server, run, changes={"stop.max_steps": 1200})
    assert answer["spec"]["stop"]["max_steps"] == 1200
    record = server.wait(run)
    assert (record["step"], record["attempt"]) == (1200, 3)
    assert server.points(run, "test/loss")[0] == [1200]
    assert server.points(run, "train/loss")[0] == list(range(1200))
    refused = server.client.get(f"/api/runs/{run}/code")
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, "stop.max_steps"), "its schedule began with another end"


def test_the_code_of_a_resumed_run_gives_its_losses(server: Server, tmp_path: Path) -> None:
    run = server.post({"stop": {"max_epochs": None, "max_steps": 60, "early": None}})["id"]
    server.wait(run)
    resumed(server, run, changes={"stop.max_steps": 90, "penalty.l2": 0.01})
    server.wait(run)
    (tmp_path / "run.py").write_text(server.client.get(f"/api/runs/{run}/code").text)
    subprocess.run([sys.executable, "-I", "run.py", "losses.csv"], cwd=tmp_path, check=True, capture_output=True)
    assert [float(x) for x in (tmp_path / "losses.csv").read_text().split()] == server.points(run, "train/loss")[1]


@pytest.mark.parametrize("optimizer", ["gd", "sgd", "adam", "adamw", "rmsprop", "adagrad"])
def test_every_optimizer_goes_on_bitwise_from_a_random_step_in_a_new_process(server: Server, optimizer: str) -> None:
    """With dropout, batch norm, a schedule and a clipped gradient."""
    data = {"name": "digits", "batch_size": "full" if optimizer == "gd" else 64}
    chosen = {"data": data, "optimizer": {"name": optimizer, "schedule": {"name": "cosine"}, "clip_norm": 1.0}}
    whole = server.post(spec(240, pace=None, **chosen))["id"]
    run = server.post(spec(240, pace=100, **chosen))["id"]
    server.until_step(run, random.randrange(5, 150))
    at = server.control(run, "stop")["step"]
    before = server.wait(run)["pid"]
    assert resumed(server, run, changes={"pace": None})["step"] == at
    record = server.wait(run)
    assert (record["status"], record["step"]) == ("finished", 240)
    assert record["pid"] != before
    server.wait(whole)
    same_curves(server, run, whole)


def test_a_run_without_a_checkpoint_begins_anew_and_keeps_its_live_changes(server: Server) -> None:
    run = server.post(endless(300, stop={"max_epochs": None, "max_steps": 400, "early": None}))["id"]
    server.until_step(run, 20)
    changed = server.control(run, "set", penalty__l2=0.01)["step"]
    os.kill(server.until_step(run, changed + 20)["pid"], signal.SIGKILL)
    server.wait(run)
    assert checkpoints(server, run)["resume"] == {"step": 0, "file": None, "needs_changes": False}
    resumed(server, run)
    record = server.wait(run)
    assert (record["status"], record["step"]) == ("finished", 400)
    assert server.points(run, "train/loss")[0] == list(range(400))
    steps, penalties = server.points(run, "penalty/l2")
    assert [s for s, p in zip(steps, penalties, strict=True) if p] == [s for s in steps if s >= changed]
    assert server.client.get(f"/api/runs/{run}/code").status_code == 200


def test_what_can_not_be_resumed_says_why(server: Server) -> None:
    run = server.post(endless(None, stop={"max_epochs": None, "max_steps": 60, "early": None}))["id"]  # type: ignore[arg-type]
    server.wait(run)
    more = {"stop.max_steps": 90}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"changes": more | {"norm.name": "layer"}}, "norm.name"),
        ({"changes": more | {"penalty.l2": -1}}, "penalty.l2"),
        ({"changes": more, "at": 17}, "at"),
        ({"changes": more, "at": -1}, "at"),
        ({"changes": more, "from": 3}, "from"),
    ]
    for body, loc in cases:
        answer = resume(server, run, **body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["loc"] == loc
    assert resume(server, "nobody").status_code == 404
    assert server.client.post(f"/api/runs/{run}/fork", json={"at": 17}).status_code == 422

    kept = server.data / "runs" / run / "checkpoints" / "60.safetensors"
    sound = kept.read_bytes()
    for broken, word in [
        (sound[:-100], "torn"),
        (sound[:-9] + b"x" + sound[-8:], "altered"),
        (sound.replace(b'version\\": 2', b'version\\": 1'), "version 1"),
    ]:
        kept.write_bytes(broken)
        answer = resume(server, run, changes=more)
        assert answer.status_code == 422
        assert word in answer.text
        assert (server.get(run)["status"], server.get(run)["attempt"]) == ("finished", 1)
    kept.write_bytes(sound)
    resumed(server, run, changes=more)
    assert server.wait(run)["step"] == 90


def test_a_diverged_run_goes_on_with_a_smaller_rate(new_server: Callable[..., Server]) -> None:
    server = quick(new_server)
    run = server.post(spec(pace=300, norm={"name": "none"}, optimizer={"name": "sgd", "params": {"lr": 0.01}}))["id"]
    at = until_checkpoint(server, run)
    server.control(run, "set", optimizer__params__lr=1e18)
    assert server.wait(run)["status"] == "diverged"
    assert resume(server, run).json()["errors"][0]["loc"] == "changes"
    resumed(server, run, at=at, changes={"optimizer.params.lr": 0.01, "pace": None})
    record = server.wait(run)
    assert (record["status"], record["diagnosis"]) == ("finished", [])


def test_an_early_stop_is_gone_on_from_with_more_patience(server: Server) -> None:
    stop = {"max_epochs": 60, "max_steps": None, "early": {"patience": 1}}
    noisy = {"name": "digits", "label_noise": 0.4, "train_size": 300}
    fast = {"name": "adam", "params": {"lr": 0.02}}
    run, whole = (server.post(spec(pace=None, data=noisy, stop=s, optimizer=fast))["id"] for s in (stop, stop | {"early": None}))
    first = server.wait(run)
    server.wait(whole)
    assert first["end_reason"].startswith("early stop")
    assert resume(server, run).json()["errors"][0]["loc"] == "stop.early.patience"
    resumed(server, run, changes={"stop.early": None})
    record = server.wait(run)
    assert record["step"] == server.get(whole)["step"]
    for name in ("train/loss", "val/loss", "test/loss"):
        assert server.points(run, name) == server.points(whole, name), name


def test_forks_of_one_run_at_several_checkpoints_stand_side_by_side(server: Server) -> None:
    """The checkpoints are asked for: how many a run makes by itself depends on how long the disk takes."""
    run = server.post(spec(800, pace=150))["id"]
    for step in (50, 200, 350):
        server.until_step(run, step)
        server.control(run, "checkpoint")
    server.wait(run)
    steps = [c["step"] for c in checkpoints(server, run)["items"]]
    assert len(steps) == 4
    assert steps[-1] == 800
    losses = dict(zip(*server.points(run, "train/loss"), strict=True))
    forks = {}
    for step in steps[:3]:
        answer = server.client.post(f"/api/runs/{run}/fork", json={"at": step, "changes": {"pace": None}})
        assert answer.status_code == 201, answer.text
        forks[step] = answer.json()["id"]
    for step, fork in forks.items():
        server.wait(fork)
        assert dict(zip(*server.points(fork, "train/loss"), strict=True)) == {s: v for s, v in losses.items() if s >= step}
        assert matrix(server, fork, "visits")["values"] == matrix(server, run, "visits")["values"]


def test_a_fork_that_died_before_its_first_checkpoint_begins_again_where_it_was_forked(server: Server) -> None:
    parent = server.post(spec(400, pace=None))["id"]
    server.wait(parent)
    body = {"at": 400, "changes": {"stop.max_steps": 600, "pace": 100}}
    fork = server.client.post(f"/api/runs/{parent}/fork", json=body).json()["id"]
    os.kill(server.until_step(fork, 430)["pid"], signal.SIGKILL)
    server.wait(fork)
    assert checkpoints(server, fork)["resume"] == {"step": 400, "file": None, "needs_changes": False}
    resumed(server, fork, changes={"pace": None})
    assert server.wait(fork)["status"] == "finished"
    assert server.points(fork, "train/loss")[0] == list(range(400, 600))
    events = server.client.get(f"/api/runs/{fork}/events").json()["items"]
    assert [e["kind"] for e in events].count("forked") == 1
    whole = server.client.post(f"/api/runs/{parent}/resume", json={"changes": {"stop.max_steps": 600}})
    assert whole.status_code == 200
    server.wait(parent)
    assert server.points(fork, "train/loss")[1] == server.points(parent, "train/loss")[1][400:]


def test_of_several_who_resume_a_run_at_once_one_does(server: Server) -> None:
    run = server.post(spec(300))["id"]
    server.until_step(run, 20)
    server.control(run, "stop")
    server.wait(run)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: resume(server, run), range(6)))
    assert sorted(a.status_code for a in answers) == [200] + 5 * [409]
    record = server.wait(run)
    assert (record["attempt"], record["step"]) == (2, 300)


def test_one_that_waits_for_its_slot_still_goes_on_after_the_server_was_killed(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="1").start()
    run = server.post(spec(300))["id"]
    server.until_step(run, 50)
    at = server.control(run, "stop")["step"]
    server.wait(run)
    other = server.post(endless(None))["id"]  # type: ignore[arg-type]
    pid = server.until_step(other, 10)["pid"]
    waiting = resumed(server, run, changes={"stop.max_steps": 320})
    assert (waiting["status"], waiting["step"]) == ("queued", at)
    server.kill()
    os.kill(pid, signal.SIGKILL)
    server.start()
    record = server.wait(run)
    assert (record["status"], record["step"], record["attempt"]) == ("finished", 320, 2)
    assert server.points(run, "train/loss")[0] == list(range(320))
    assert checkpoints(server, run)["resume"]["step"] == 320


def test_a_page_that_looks_on_is_sent_the_history_afresh_and_then_the_rest(server: Server) -> None:
    run = server.post(spec(700))["id"]
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars", "layers")
    server.until_step(run, 100)
    os.kill(server.get(run)["pid"], signal.SIGKILL)
    viewer.until(lambda v: v.status() == "failed")
    assert len(viewer.steps()) > 90
    resumed(server, run)
    viewer.until(lambda v: any(t["type"] == "resync" for t in v.texts))
    viewer.points.clear()
    viewer.until(lambda v: v.status() == "finished" and v.steps() and v.steps()[-1] == 699)
    assert viewer.steps() == list(range(700))
    assert viewer.attempt == 2
    viewer.socket.close()
