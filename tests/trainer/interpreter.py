"""A bare Python that has imported torch once: each script runs in a child forked from it, with nothing of the product."""

import subprocess
import sys
from pathlib import Path

#: `torch._dynamo` is what the first optimizer step imports. No operation may run before the fork: its threads would be missing.
WAITING = """
import os, runpy, sys, traceback
import sklearn.datasets, torch, torch._dynamo

for folder in sys.stdin:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(folder.strip())
            sys.argv = ["run.py", "losses.csv"]
            runpy.run_path("run.py", run_name="__main__")
            code = 0
            own = {name.partition(".")[0] for name in sys.modules} & {"app", "dynascope", "trainer"}
            assert not own, own
        except BaseException:
            code = 1
            traceback.print_exc(file=open("errors.txt", "w"))
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Interpreter:
    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-I", "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, folder: Path) -> None:
        """`python run.py losses.csv` in this folder. Raises AssertionError with what it said where it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        code = self._process.stdout.readline().strip()
        errors = folder / "errors.txt"
        assert code == "0", errors.read_text()[-2000:] if errors.exists() else f"exit code {code}"

    def close(self) -> None:
        self._process.communicate(timeout=10)
