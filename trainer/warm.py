"""Importing this module is its use: the forkserver imports it once, and every process forked from it starts warm.

It is the one module that acts at import. `torch._dynamo` is here because the first optimizer step would import it
(1.5 s); the kernels are called so that they are compiled; the data sets are loaded so that a run finds them in memory.
What fails here is kept in `failure`, which the planner tells: multiprocessing swallows some failures of a preload, and
dies of the others.
"""

import gc
import os
import threading

#: Why runs can't be forked from this process, in one line; None where they can.
failure: str | None = None
_server = os.getppid()
_warm = threading.Event()


def _leave_if_orphaned() -> None:
    """A server that was killed while this process warmed up has no use for it; its successor warms one of its own."""
    while not _warm.wait(0.1):
        if os.getppid() != _server:
            os._exit(0)


def _warm_up() -> None:
    import torch
    import torch._dynamo

    torch.set_num_threads(1)  # a multi-threaded operation here would make forked children hang

    import trainer.planner
    import trainer.worker  # noqa: F401
    from dynascope import kernels
    from trainer import registry

    kernels.warm()
    registry.discover()
    registry.warm()


_watch = threading.Thread(target=_leave_if_orphaned, daemon=True)
_watch.start()
os.nice(5)  # torch's import beside it would double the server's own start; trainers yield to the server too
try:
    _warm_up()
except BaseException as error:  # noqa: BLE001  whatever it is, the user has to be told
    from trainer.cause import cause_of

    failure = cause_of(error)
_warm.set()
_watch.join()  # what is forked from here must have no threads but its own
gc.collect()
gc.freeze()  # else a child's first collection looks through all of torch, and copies its pages
