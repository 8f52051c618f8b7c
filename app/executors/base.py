"""The interface of an executor, which starts workers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import psutil


@dataclass(frozen=True)
class Started:
    """A worker's process; `created` distinguishes it from a later process with the same pid."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process that has this pid now. If there is none, the result matches no process."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, 0.0)


#: Called with the exit code: negative for a signal, None if it can't be known.
OnExit = Callable[[int | None], None]


class Executor(Protocol):
    async def start(self, job: dict[str, Any], on_exit: OnExit) -> Started:
        """Start a worker for a job; raises OSError if no process can be started."""

    def adopt(self, started: Started, on_exit: OnExit) -> bool:
        """Watch a worker that another server started; False if it has ended."""

    def terminate(self, started: Started) -> None:
        """Ask a worker to end now; messages that it has not sent stay in its journal."""

    def kill(self, started: Started) -> None:
        """Kill a worker that does not end when asked."""

    def cpu_seconds(self, started: Started) -> float | None:
        """CPU time that it has used so far; None if it has ended."""
