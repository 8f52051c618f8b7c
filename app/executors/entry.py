"""The entry point of a forked process. It imports nothing: the server can refer to these functions without importing torch."""

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
    """Run the planner, or report on its pipe why it can't run: `{"id": 0, "failed": cause}`."""
    failure = None
    preloaded = "trainer.warm" in sys.modules
    try:
        failure = importlib.import_module("trainer.warm").failure
    except BaseException as error:  # noqa: BLE001  it is shown to the user as the reason
        failure = importlib.import_module("trainer.cause").cause_of(error)
    if failure is not None:
        with contextlib.suppress(ConnectionError):
            pipe.send_bytes(json.dumps({"id": 0, "failed": failure}).encode())
        return
    importlib.import_module("trainer.planner").main(pipe, preloaded=preloaded)
