"""How the command ends after a signal: it cleans up and then ends by that signal, as any process does; shells, service
managers and container engines rely on this."""

import atexit
import os
import signal
import sys

_told: list[int] = []


def prepare() -> None:
    """Until other handlers are set, both signals end the process at once and without output. The function registered first is
    called last at exit, so call this before everything else."""
    atexit.register(_end)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def by(number: int) -> None:
    """At its exit, let the process end by this signal."""
    _told.append(number)


def _end() -> None:
    if _told:
        sys.stdout.flush()
        sys.stderr.flush()
        signal.signal(_told[0], signal.SIG_DFL)
        os.kill(os.getpid(), _told[0])
