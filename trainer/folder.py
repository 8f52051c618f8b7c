"""The server's data folder for its child processes: DYNASCOPE_DATA, which the executor sets for each process."""

import os
from pathlib import Path


def data_folder() -> Path:
    """The default is that of `dynascope serve`: `data` in the current folder."""
    return Path(os.environ.get("DYNASCOPE_DATA") or "data")
