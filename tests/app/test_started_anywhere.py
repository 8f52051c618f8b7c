"""The command in a folder whose files have the names of modules: no process of it imports one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, Server
from tests.strewn import strew

pytestmark = pytest.mark.server

SHORT = {"data": {"name": "moons"}, "stop": {"max_epochs": None, "max_steps": 5, "early": None}}
CSV = b"a,b,y\n" + b"".join(b"%d,%d,%d\n" % (i, i * i % 7, i % 2) for i in range(60))


def test_a_server_its_runs_and_its_uploads_import_nothing_from_the_working_directory(tmp_path: Path) -> None:
    """Its data are there too, and PYTHONPATH has an empty entry, which Python takes for the working directory."""
    here, trace = tmp_path / "here", tmp_path / "imported"
    strew(here, trace)
    server = Server(here, cwd=here, PYTHONPATH=f"{ROOT}{os.pathsep}", given_data=".")
    try:
        server.start()
        assert server.client.post("/api/plan", json=SHORT).status_code == 200
        uploaded = server.client.post("/api/datasets", files={"file": ("a.csv", CSV)})
        assert uploaded.status_code == 201, uploaded.text
        assert server.wait(server.post(SHORT)["id"])["status"] == "finished"
        spec = SHORT | {"data": {"name": "table", "params": {"id": uploaded.json()["id"]}}}
        assert server.wait(server.post(spec)["id"])["status"] == "finished"
    finally:
        server.stop()
    assert not trace.exists(), trace.read_text()
    assert (here / "dynascope.db").exists()


def test_a_run_with_a_server_of_its_own_imports_nothing_from_there(tmp_path: Path) -> None:
    here, trace = tmp_path / "here", tmp_path / "imported"
    strew(here, trace)
    command = [sys.executable, "-m", "dynascope", "run", "--json", "--set", "data.name=moons", "--set", "stop.max_steps=5"]
    command += ["--set", "stop.max_epochs=null"]
    environment = {key: value for key, value in os.environ.items() if key != "DYNASCOPE_URL"} | {"PYTHONPATH": f"{ROOT}{os.pathsep}"}
    ended = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr
    assert [run["status"] for run in json.loads(ended.stdout)] == ["finished"]
    assert not trace.exists(), trace.read_text()


@pytest.mark.parametrize(
    ("pythonpath", "stays"),
    [("{root}", False), ("{root}:", False), (":{root}", False), ("{root}:.", True), ("{root}:{here}", True)],
)
def test_the_working_directory_stays_on_the_path_only_where_it_is_named(tmp_path: Path, pythonpath: str, stays: bool) -> None:
    forget = "from dynascope.imports import forget_working_directory as forget; forget()"
    told = f"import os, sys; {forget}; print(os.getcwd() in map(os.path.abspath, sys.path))"
    environment = {"PYTHONPATH": pythonpath.format(root=ROOT, here=tmp_path)}
    (tmp_path / "told.py").write_text(told)
    asked = subprocess.run([sys.executable, "-m", "told"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert asked.stdout.strip() == str(stays), asked.stderr
