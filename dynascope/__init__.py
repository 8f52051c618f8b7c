"""Dynascope: see what happens inside a neural network while it trains.

Importing this package does not import torch: the server imports `dynascope.messages` in a process that never loads torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynascope.client import Client

    __version__: str

__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> Any:
    """Import `Client` and `__version__` when they are first used. The server doesn't need httpx, which takes 0.1 s to import; and
    importlib.metadata imports much of the standard library, before `python -m dynascope` has removed the working directory."""
    if name == "Client":
        from dynascope.client import Client

        return Client
    if name == "__version__":
        globals()[name] = found = _version()
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dynascope")
    except PackageNotFoundError:  # a checkout that was not installed
        return "0.0.0"
