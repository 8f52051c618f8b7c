"""This module is used by importing it: the forkserver imports it once, and every process forked from it starts warm.

It is the only module that acts at import. `torch._dynamo` is here because the first optimizer step would import it
(1.5 s); the kernels are called so that they are compiled; the data sets are loaded so that a run finds them in memory.
An error here is kept in `failure`, and the planner reports it, because multiprocessing ignores some errors of a preload
and ends at others.
"""

import gc
import os
import threading

#: The reason why runs can't be forked from this process, in one line; None if they can.
failure: str | None = None
_server = os.getppid()
_warm = threading.Event()


def _leave_if_orphaned() -> None:
    """Exit if the server ends while this process warms up; the next server starts its own process."""
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
os.nice(5)  # importing torch at the same time would double the server's start time; trainers also yield to the server
try:
    _warm_up()
except BaseException as error:  # noqa: BLE001  any error must be reported to the user
    from trainer.cause import cause_of

    failure = cause_of(error)
_warm.set()
_watch.join()  # processes forked from here must have only their own threads
gc.collect()
gc.freeze()  # otherwise a child's first collection visits all objects of torch and copies their pages
