"""Everything that a page does, from Python, from the command line, and from curl."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import dynascope
from dynascope.client import Refused
from tests.app.runs.test_runs import SMALL, endless
from tests.server import TOKEN, Server


@pytest.fixture
def client(server: Server) -> Iterator[dynascope.Client]:
    with dynascope.Client(server.url, TOKEN) as made:
        yield made


def shell(
    server: Server, *arguments: str, check: bool = True, text: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DYNASCOPE_URL": server.url, "DYNASCOPE_TOKEN": TOKEN, "COLUMNS": "160"} | variables
    command = [sys.executable, "-m", "dynascope", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check, input=text)


def test_four_runs_side_by_side_as_the_readme_has_it(client: dynascope.Client) -> None:
    runs = {
        (init, norm): client.start(SMALL | {"init": {"name": init}, "norm": {"name": norm}})
        for init in ("kaiming_normal", "orthogonal")
        for norm in ("none", "layer")
    }
    for run in runs.values():
        run.wait(60)
        assert run.status == "finished"
        assert 0 < (run.latest["test/accuracy"] or 0) <= 1


def test_a_client_sees_what_the_page_sees(client: dynascope.Client) -> None:
    run = client.start(SMALL)
    for _ in range(2):  # while it runs, and once it has ended
        steps: list[float] = []
        counted, shapes = 0, set()
        for message in client.stream(run.id, "scalars", "layers", "histograms/activation/hidden1", "matrices/function"):
            if message["type"] == "scalars":
                for series in message["series"]:
                    if series["name"] == "train/loss":
                        steps += series["columns"]["step"].tolist()
            elif message["type"] == "histograms":
                counted += int(message["arrays"]["counts"].sum())
            elif message["type"] == "matrix":
                shapes.add(message["values"].shape)
        run.refresh()
        assert run.status == "finished"
        assert steps == list(range(int(run.step)))
        assert counted > 0
        assert shapes == {(1, 56, 56)}
    with pytest.raises(Refused):
        next(client.stream("0" * 16))


def test_a_client_steers_forks_reads_and_deletes(client: dynascope.Client) -> None:
    seen: list[float] = []
    run = client.start(endless(300) | {"name": "scripted", "tags": ["client"]})
    while run.refresh().step < 30:
        pass
    assert run.control("pause")["status"] == "paused"
    assert run.set(penalty__l2=0.01)["changes"] == {"penalty.l2": 0.01}
    assert run.control("step")["status"] == "paused"
    assert run.control("checkpoint")["checkpoint"].endswith(".safetensors")
    fork = run.fork(penalty__l2=0.0)
    assert (fork.record["parent"], fork.spec["penalty"]["l2"]) == (run.id, 0.0)
    assert [r.id for r in client.runs(tag="client")] == [fork.id, run.id]
    for one in (run, fork):
        one.control("stop")
        one.wait(30, watched=lambda now: seen.append(now.step))
    history = run.history("train/loss")
    assert history["train/loss"].step == list(range(int(run.step)))
    assert history.to_arrow().num_rows == run.step
    assert run.events()
    assert run.layers(0)["step"] == 0
    assert run.histograms("hidden1")["columns"]
    assert run.function()["function"]["meta"]["kind"] == "boundary"
    assert "import torch" in run.code()
    assert b"train/loss" in b"".join(run.export())
    assert len(run.visits()) == run.matrix("visits")["meta"]["train"]["examples"]
    assert sum(row["val/examples"] for row in run.classes()) == run.matrix("visits")["meta"]["val"]["examples"]
    assert {"classes", "visits", "function", "points"} <= set(run.matrices())
    with pytest.raises(Refused, match="it has: classes"):
        run.matrix("nothing")
    ended = run.step
    assert run.resume(stop__max_steps=ended + 40, pace=None).record["attempt"] == 2
    assert (run.wait(30).status, run.step) == ("finished", ended + 40)
    run.resume(at=ended, stop__max_steps=ended + 20).wait(30)
    assert run.history("train/loss")["train/loss"].step == list(range(int(ended) + 20))
    assert run.change(notes="읽음").record["notes"] == "읽음"
    assert client.plan(run.spec)["parameters"] > 0
    assert client.slots()["slots"] >= 1
    assert client.health()["status"] == "ok"
    for one in (run, fork):
        one.delete()
    with pytest.raises(Refused, match="there is no run"):
        run.refresh()


def test_a_refusal_names_the_field_and_a_wait_has_an_end(client: dynascope.Client, server: Server) -> None:
    with pytest.raises(Refused, match="-3") as refused:
        client.start({"model": {"params": {"width": -3}}, "optimizer": {"params": {"lr": "fast"}}})
    assert {e["loc"] for e in refused.value.errors} == {"model.params.width", "optimizer.params.lr"}
    with dynascope.Client(server.url, "wrong token") as stranger, pytest.raises(Refused, match="DYNASCOPE_TOKEN"):
        stranger.slots()
    run = client.start(endless())
    with pytest.raises(TimeoutError, match=r"after 0\.2 s"):
        run.wait(0.2)
    run.control("stop")


def test_the_command_line_runs_lists_shows_and_exports(server: Server, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("name: from a shell\ndata: {name: moons}\nstop: {max_epochs: null, max_steps: 30, early: null}\n")
    made = json.loads(shell(server, "run", str(spec), "--set", "data.batch_size=16", "--seeds", "2", "--json").stdout)
    assert [(r["spec"]["seed"], r["spec"]["data"]["batch_size"], r["status"]) for r in made] == [(0, 16, "finished"), (1, 16, "finished")]
    assert made[0]["id"] in shell(server, "ls", "-n", "5").stdout
    assert "train/loss" in shell(server, "show", made[0]["id"]).stdout
    more = json.loads(shell(server, "resume", made[0]["id"], "--set", "stop.max_steps=45", "--json").stdout)
    assert (more[0]["step"], more[0]["attempt"], more[0]["status"]) == (45, 2, "finished")
    assert "give more to go on" in shell(server, "resume", made[0]["id"], check=False).stderr
    shell(server, "export", made[0]["id"], "-o", str(tmp_path / "run.csv"))
    assert (tmp_path / "run.csv").read_text().startswith("series,step,value")
    for format, start in (("html", b"<!doctype html>"), ("tensorboard", b"PK"), ("parquet", b"PAR1")):
        shell(server, "export", made[0]["id"], "-o", str(tmp_path / format), "--format", format, "--lang", "ko")
        assert (tmp_path / format).read_bytes().startswith(start)
    assert '<html lang="ko">' in (tmp_path / "html").read_text()
    piped = shell(server, "run", "-", "--no-wait", "--json", text='{"stop": {"max_steps": 5}}')
    assert json.loads(piped.stdout)[0]["status"] in ("queued", "starting", "running", "finished")
    wrong = shell(server, "run", "--set", "data.name=nowhere", check=False)
    assert wrong.returncode == 1
    assert "data.name" in wrong.stderr + wrong.stdout
    assert shell(server, "show", "nobody", check=False).returncode == 1


def test_names_and_streams_of_any_letters_break_no_command(server: Server, client: dynascope.Client) -> None:
    latin = {"PYTHONIOENCODING": "latin-1", "COLUMNS": "40"}
    short = ("--set", "stop.max_steps=5", "--set", "init.name=zeros")
    ended = shell(server, "run", *short, "--set", "name=[/foo] 한글", **latin)
    id = ended.stdout.splitlines()[-1].split("\t")[0]
    assert client.run(id).name == "[/foo] 한글"
    assert client.run(id).diagnosis
    assert "[/foo] ??" in shell(server, "ls", **latin).stdout
    assert f"{id}\t[/foo] 한글\tfinished" in shell(server, "ls", COLUMNS="40").stdout
    assert "? symmetry" in shell(server, "show", id, **latin).stdout
    assert json.loads(shell(server, "show", id, "--json", **latin).stdout)["name"] == "[/foo] 한글"
    study = client.study({"stop": {"max_steps": 3}}, {"norm.name": ["none"]}, name="[/bar] 연구").wait(60)
    assert f"{study.id}\t[/bar] ??" in shell(server, "studies", "ls", **latin).stdout
    assert "[/bar] ??" in shell(server, "studies", "show", study.id, **latin).stdout


def test_a_command_that_waits_outlives_its_server(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    given = ("--set", "stop.max_steps=300", "--set", "pace=50", "--set", "stop.early=null", "--json")
    command = [sys.executable, "-m", "dynascope", "run", "--url", server.url, "--token", TOKEN, *given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        while not (items := server.client.get("/api/runs").json()["items"]):
            time.sleep(0.05)
        server.until_step(items[0]["id"], 20)
        server.kill()
        time.sleep(1)
        server.start(ready=False)
        out, told = waiting.communicate()
    assert waiting.returncode == 0, told
    assert (json.loads(out)[0]["status"], json.loads(out)[0]["step"]) == ("finished", 300)


def test_curl_alone_starts_waits_and_reads(server: Server) -> None:
    assert shutil.which("curl"), "this test speaks to the server with curl: apt-get install curl"

    def curl(*arguments: str) -> dict[str, object]:
        command = ["curl", "-sS", "-H", f"Authorization: Bearer {TOKEN}", "-H", "Content-Type: application/json", *arguments]
        return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

    made = curl(f"{server.url}/api/runs", "-d", json.dumps(SMALL))
    assert curl(f"{server.url}/api/runs/{made['id']}/wait?timeout=30")["status"] == "finished"
    assert curl(f"{server.url}/api/runs/{made['id']}/series?names=test/accuracy")["series"]


def test_a_command_that_is_ended_takes_its_private_server_with_it() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DYNASCOPE_")}
    command = [sys.executable, "-m", "dynascope", "run", "--set", "stop.max_epochs=1000000", "--set", "stop.early=null"]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers: list[psutil.Process] = []
    while not servers:
        assert running.poll() is None
        servers = [child for child in psutil.Process(running.pid).children() if "serve" in child.cmdline()]
        time.sleep(0.05)
    running.terminate()
    assert running.wait(40) == 128 + signal.SIGTERM
    assert not psutil.wait_procs(servers, timeout=5)[1]
