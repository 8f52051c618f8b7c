"""Dynascope: see what happens inside a neural network while it trains.

Importing this package costs no torch: the server imports `dynascope.messages` from a process that never loads it.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynascope.client import Client

try:
    __version__ = version("dynascope")
except PackageNotFoundError:  # a checkout that was not installed
    __version__ = "0.0.0"

__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> Any:
    """`Client` when it is first asked for: the server has no use for httpx, which takes 0.1 s to import."""
    if name == "Client":
        from dynascope.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
