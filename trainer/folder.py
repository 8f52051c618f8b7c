"""The server's data folder, as every process of its own knows it: DYNASCOPE_DATA, which the executor sets for all it starts."""

import os
from pathlib import Path


def data_folder() -> Path:
    """Where none is set, that of `dynascope serve` without one: `data` here."""
    return Path(os.environ.get("DYNASCOPE_DATA") or "data")
