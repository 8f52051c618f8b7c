"""Who starts workers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import psutil


@dataclass(frozen=True)
class Started:
    """A worker's process; `created` tells it from a later one that got the same pid."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process that has this pid now; of one that is gone, what no process is."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, 0.0)


#: Called with the exit code: negative for a signal, None where it can't be known.
OnExit = Callable[[int | None], None]


class Executor(Protocol):
    async def start(self, job: dict[str, Any], on_exit: OnExit) -> Started:
        """Start a worker for a job; raises OSError where no process can be had."""

    def adopt(self, started: Started, on_exit: OnExit) -> bool:
        """Watch a worker that another server started; False where it is gone."""

    def terminate(self, started: Started) -> None:
        """Ask a worker to end now; what it hasn't sent it leaves in its journal."""

    def kill(self, started: Started) -> None:
        """End a worker that does not end when asked."""

    def cpu_seconds(self, started: Started) -> float | None:
        """What it has used so far; None where it is gone."""
