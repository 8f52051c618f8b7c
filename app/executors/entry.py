"""Where a forked process begins. It imports nothing: the server can name these functions without knowing torch."""

import importlib
import sys
from typing import Any


def call(path: str, *args: Any) -> None:
    """Call `module:function` by its dotted path with `args` and whether the forkserver had preloaded the module."""
    module, function = path.split(":")
    preloaded = "trainer.warm" in sys.modules and module in sys.modules
    getattr(importlib.import_module(module), function)(*args, preloaded=preloaded)
