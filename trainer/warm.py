"""Importing this module is its use: the forkserver imports it once, and every process forked from it starts warm.

It is the one module that acts at import. `torch._dynamo` is here because the first optimizer step would import it
(1.5 s); the kernels are called so that they are compiled; the data sets are loaded so that a run finds them in memory.
Whatever fails here is told by the planner, which is forked first: multiprocessing swallows a failing preload.
"""

import gc
import os

_server = os.getppid()


def _leave_if_orphaned() -> None:
    """A server that was killed while this process warmed up has no use for it; its successor warms one of its own."""
    if os.getppid() != _server:
        os._exit(0)


os.nice(5)  # torch's import beside it would double the server's own start; trainers yield to the server too

import torch  # noqa: E402

_leave_if_orphaned()
import torch._dynamo  # noqa: E402

_leave_if_orphaned()

torch.set_num_threads(1)  # a multi-threaded operation here would make forked children hang

import trainer.planner  # noqa: E402
import trainer.worker  # noqa: E402, F401
from dynascope import kernels  # noqa: E402
from trainer import registry  # noqa: E402

_leave_if_orphaned()
kernels.warm()
_leave_if_orphaned()
registry.discover()
registry.warm()

gc.collect()
gc.freeze()  # else a child's first collection looks through all of torch, and copies its pages
