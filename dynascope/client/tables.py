"""pandas and pyarrow, if they are installed: the package does not require them."""

import importlib
from typing import Any


def pandas() -> Any:
    """Raises ImportError, which says what to install."""
    return _installed("pandas")


def pyarrow() -> Any:
    """Raises ImportError, which says what to install."""
    return _installed("pyarrow")


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        raise ImportError(f"{name} is not installed: pip install 'dynascope[tables]', in a checkout pip install -e '.[tables]'") from None
