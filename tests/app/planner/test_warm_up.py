"""What keeps runs from starting, now or later: it is told in one sentence, and mended by itself where it can be."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.server import ROOT, Server

pytestmark = pytest.mark.timeout(240)  # torch is imported once or twice, on whatever machine this is

SHORT = {"data": {"name": "moons"}, "stop": {"max_epochs": None, "max_steps": 30, "early": None}}
ENDLESS: dict[str, Any] = SHORT | {"pace": 50, "stop": {"max_epochs": None, "max_steps": 100_000, "early": None}}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A checkout that a test may break."""
    root = tmp_path / "house"
    for folder in ("app", "trainer", "dynascope", "templates", "static", "locale"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    return root


def test_a_torch_that_cannot_be_imported_is_told_everywhere_and_tried_again_until_it_can(
    new_server: Callable[..., Server], house: Path
) -> None:
    (house / "torch.py").write_text("\nraise ImportError('libcudart.so.12: cannot open shared object file')\n")
    server = new_server(root=house).start(ready=False)
    sentence = server.refusal("/api/readyz")["detail"]
    assert "no run can start: ImportError: libcudart.so.12: cannot open shared object file (torch.py, line 2)" in sentence
    refused = server.client.post("/api/runs", json=SHORT)
    assert (refused.status_code, refused.json()["detail"]) == (503, sentence)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert server.client.get("/api/catalog").json()["detail"] == sentence
    for page in ("/", "/runs", "/notes"):
        assert sentence in server.client.get(page).text
    korean = server.client.get("/api/readyz", headers={"Accept-Language": "ko"}).json()["detail"]
    assert "실행을 시작할 수 없습니다: ImportError: libcudart.so.12" in korean
    assert server.client.get("/api/healthz").status_code == 200
    (house / "torch.py").unlink()
    server.until("readyz", 110)
    assert server.wait(server.post(SHORT)["id"])["status"] == "finished"
    assert sentence not in server.client.get("/").text
    log = server.log.read_text()
    assert log.count("libcudart") == 1, log
    assert "runs can start again" in log
    assert "Traceback" not in log


BROKEN = {
    "a package of parts raises": (
        "trainer/parts/norms/__init__.py",
        "\n\nraise RuntimeError('no such\\nthing')",
        "RuntimeError: no such thing (trainer/parts/norms/__init__.py, line 3)",
    ),
    "a line is no Python": ("trainer/plan.py", "x = 1\ndef", "SyntaxError: invalid syntax (trainer/plan.py, line 2)"),
    "the preloaded module is gone": ("trainer/warm.py", "import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
    "it exits": ("torch.py", "import os\nos._exit(3)", "the process that imports torch exited with code 3"),
    "it is killed": ("torch.py", "import os\nos.kill(os.getpid(), 9)", "ended by SIGKILL, as it is where memory runs out"),
    "it hangs": ("torch.py", "import time\ntime.sleep(1000)", "torch was not imported within 3 s"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_whatever_breaks_the_warm_up_is_told_in_one_line(new_server: Callable[..., Server], house: Path, case: str) -> None:
    file, text, words = BROKEN[case]
    (house / file).write_text(text)
    server = new_server(root=house, DYNASCOPE_START_TIMEOUT="3" if case == "it hangs" else "110").start(ready=False)
    sentence = server.refusal("/api/readyz")["detail"]
    assert words in sentence
    assert server.client.post("/api/runs", json=SHORT).json()["detail"].startswith("no run can start: ")
    assert server.client.get("/api/healthz").status_code == 200
    server.stop()
    log = server.log.read_text()
    assert [line for line in log.splitlines() if words in line and "ERROR" in line], log
    if case != "the preloaded module is gone":  # which multiprocessing prints itself
        assert "Traceback" not in log


def test_a_part_that_cannot_be_imported_takes_no_other_down_and_is_told_in_a_line(new_server: Callable[..., Server], house: Path) -> None:
    (house / "trainer/parts/inits/torn.py").write_text("import sys\nsys.exit(4)\n")
    server = new_server(root=house).start()
    assert server.client.get("/api/catalog").json()["broken"] == {
        "trainer/parts/inits/torn.py": "SystemExit: 4 (trainer/parts/inits/torn.py, line 2)"
    }
    assert server.wait(server.post(SHORT)["id"])["status"] == "finished"
    log = server.log.read_text()
    assert log.count("torn.py can't be used: SystemExit: 4") == 1
    assert "Traceback" not in log


def test_a_planner_and_a_forkserver_that_are_killed_are_replaced_and_no_run_is_lost(new_server: Callable[..., Server]) -> None:
    server = new_server(DYNASCOPE_SLOTS="3").start()
    forkserver, planner = processes(server)
    planner.kill()
    assert server.wait(server.post(SHORT)["id"])["status"] == "finished"
    run = server.post(ENDLESS)["id"]
    before = server.until_step(run, 5)["step"]
    forkserver.kill()
    assert server.wait(server.post(SHORT)["id"], 100)["status"] == "finished"
    assert server.until_step(run, before + 5)["status"] == "running"
    assert server.control(run, "stop")["status"] == "stopped"
    assert server.client.get("/api/readyz").status_code == 200
    assert "Traceback" not in server.log.read_text()


def test_a_planner_that_hangs_is_told_and_replaced_while_nobody_asks_it_anything(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    _, planner = processes(server)
    os.kill(planner.pid, signal.SIGSTOP)
    assert server.refusal("/api/readyz")["detail"] == "the planner did not answer within 2 s and is being replaced; try again"
    server.until("readyz", 60)
    assert server.wait(server.post(SHORT)["id"])["status"] == "finished"


def processes(server: Server) -> tuple[psutil.Process, psutil.Process]:
    """The forkserver, and the planner that it has forked."""
    assert server.process is not None
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for child in psutil.Process(server.process.pid).children():
            if "multiprocessing.forkserver" in " ".join(child.cmdline()) and child.children():
                return child, child.children()[0]
        time.sleep(0.05)
    raise AssertionError("there is no planner")
