"""A command that has a server of its own, and is told to end: both go, and so does the server's folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.server import ROOT
from tests.waiting import until

pytestmark = pytest.mark.server

BOUND = 60
RUN = ("run", "--set", "data.name=moons", "--set", "pace=50", "--set", "stop.max_steps=1000000", "--set", "stop.max_epochs=null")


@pytest.mark.parametrize(
    ("command", "begun", "number", "code"),
    [
        (RUN, "dynascope-*/server.log", signal.SIGTERM, 143),
        (RUN, "dynascope-*/runs/*/worker.log", signal.SIGINT, 130),
        (("claims", "run", "E8"), "dynascope-*/runs/*/worker.log", signal.SIGINT, 130),
    ],
)
def test_a_command_with_a_server_of_its_own_leaves_nothing_behind(
    tmp_path: Path, command: tuple[str, ...], begun: str, number: signal.Signals, code: int
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DYNASCOPE_URL"}
    environment |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    if "NUMBA_CACHE_DIR" in os.environ:
        environment["NUMBA_CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen([sys.executable, "-m", "dynascope", *command], cwd="/", env=environment, stdout=said, stderr=said)
    until(lambda: list(tmp_path.glob(begun)), 100)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(BOUND) == code
    _, left = psutil.wait_procs(children, BOUND)
    assert not left, [child.cmdline() for child in left]
    assert "Traceback" not in (tmp_path / "said").read_text()
    assert not list(tmp_path.glob("dynascope-*"))
