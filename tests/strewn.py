"""A folder in which no module of any name may be imported: whoever does leaves a trace, and fails."""

from pathlib import Path

MODULES = ("app/__init__", "trainer/__init__", "random", "csv", "torch", "numpy", "multiprocessing", "json", "sqlite3", "email")
TRACE = """
import os, sys
with open({trace!r}, "a") as file:
    file.write(f"{{__file__}} by {{sys.argv}} {{sys.orig_argv}}\\n")
raise SystemError("a file of the working directory was imported")
"""


def strew(folder: Path, trace: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for module in MODULES:
        path = folder / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(TRACE.format(trace=str(trace)))
