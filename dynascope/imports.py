"""The folders that the `dynascope` command and its processes import from: never the working directory.

A user may start the command in any folder, even one that contains a `random.py` or an `app/`.
"""

import os
import sys
from pathlib import Path


def forget_working_directory() -> None:
    """Take the working directory out of `sys.path`, unless PYTHONPATH names it."""
    here = os.getcwd()
    if not sys.flags.safe_path and sys.path[:1] in ([""], [here]):
        del sys.path[0]  # `python -m` puts it there
    if not sys.flags.ignore_environment and "" in os.environ.get("PYTHONPATH", "").split(os.pathsep) and here in sys.path:
        sys.path.remove(here)  # Python's entry for an empty one, as in `PYTHONPATH=$UNSET:/folder`


def environment_for(first: str) -> dict[str, str]:
    """Environment variables for a Python process: it imports from the folder `first`, then from those in this process's PYTHONPATH."""
    named = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    return {"PYTHONPATH": os.pathsep.join([first, *named]), "PYTHONSAFEPATH": "1"}


def server_folder() -> Path:
    """The folder that contains `app` and `trainer`: inside the installed package, or the checkout itself."""
    package = Path(__file__).resolve().parent
    installed = package / "_server"
    return installed if installed.is_dir() else package.parent
