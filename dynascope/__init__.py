"""Dynascope: see what happens inside a neural network while it trains.

Importing this package costs no torch: the server imports `dynascope.messages` from a process that never loads it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynascope.client import Client

    __version__: str

__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> Any:
    """Both when they are first asked for. The server has no use for httpx, which takes 0.1 s to import; and what reads the
    version imports half of the standard library, before `python -m dynascope` can say that it isn't the working directory's."""
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
