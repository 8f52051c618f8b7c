"""A trainer's process, as the executor starts it, with no server there."""

import json
import subprocess
import sys
from pathlib import Path

from dynascope.sinks import journal
from tests.server import ROOT
from tests.trainer.running import spec_of

WORK = """
import json, os, signal, sys, time
from dynascope.sinks.server import Server
from trainer import worker
told = Server.event
def event(self, step, kind, data=None):
    with self._wake._cond:  # as `Event.set` holds it
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)  # a signal's handler would run here
    told(self, step, kind, data)
Server.event = event
worker.main(json.loads(sys.argv[1]), preloaded=False)
"""


def test_a_worker_that_is_terminated_while_it_holds_a_lock_ends_and_keeps_its_points(tmp_path: Path) -> None:
    spec = spec_of(1_000_000, data__name="moons", probes={"every": "never"}).model_dump()
    job = {"run": "r", "attempt": 1, "token": "t", "spec": spec, "data": str(tmp_path), "patience": 60}
    command = [sys.executable, "-c", WORK, json.dumps(job)]
    ended = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, timeout=60, check=False)
    assert ended.returncode == 0
    assert len(list(journal.read(tmp_path / "runs" / "r" / "1.journal"))) > 0
