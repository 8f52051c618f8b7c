"""Where a forked process begins. It imports nothing: the server can name these functions without knowing torch."""

import contextlib
import importlib
import json
import sys
from multiprocessing.connection import Connection
from typing import Any


def call(path: str, *args: Any) -> None:
    """Call `module:function` by its dotted path with `args` and whether the forkserver had preloaded the module."""
    module, function = path.split(":")
    preloaded = "trainer.warm" in sys.modules and module in sys.modules
    getattr(importlib.import_module(module), function)(*args, preloaded=preloaded)


def plan(pipe: Connection) -> None:
    """Be the planner, or say on its pipe why there can be none: `{"id": 0, "failed": cause}`."""
    failure = None
    preloaded = "trainer.warm" in sys.modules
    try:
        failure = importlib.import_module("trainer.warm").failure
    except BaseException as error:  # noqa: BLE001  it reaches the user as the reason
        failure = importlib.import_module("trainer.cause").cause_of(error)
    if failure is not None:
        with contextlib.suppress(ConnectionError):
            pipe.send_bytes(json.dumps({"id": 0, "failed": failure}).encode())
        return
    importlib.import_module("trainer.planner").main(pipe, preloaded=preloaded)
