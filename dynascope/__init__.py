"""Dynascope: see what happens inside a neural network while it trains.

Importing this package costs no torch: the server imports `dynascope.messages` from a process that never loads it.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dynascope")
except PackageNotFoundError:  # a checkout that was not installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
