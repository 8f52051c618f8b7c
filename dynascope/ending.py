"""How the command ends where a signal told it to: cleaned up, and then as that signal ends any process, which is what shells,
service managers and container engines go by."""

import atexit
import os
import signal
import sys

_told: list[int] = []


def prepare() -> None:
    """Until somebody takes them over, both signals end the process at once and without a word. What is registered first is
    called last at exit, so this comes before all else."""
    atexit.register(_end)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def by(number: int) -> None:
    """Have the process end so when it has nothing left to do."""
    _told.append(number)


def _end() -> None:
    if _told:
        sys.stdout.flush()
        sys.stderr.flush()
        signal.signal(_told[0], signal.SIG_DFL)
        os.kill(os.getpid(), _told[0])
