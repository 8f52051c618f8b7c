"""A sink that keeps everything in memory: for tests, notebooks and benchmarks."""

import os
from collections.abc import Sequence

from dynascope.messages import PROTOCOL, Layer, RunEnded, RunStarted, Sent
from dynascope.sentence import keep
from dynascope.sinks.batch import Batch


class Memory(Batch):
    """Unbounded: it holds a whole run. `messages()` gives all messages in order."""

    def __init__(self, run: str = "memory", attempt: int = 1) -> None:
        super().__init__(run, attempt)
        self._kept: list[Sent] = []

    def started(self, layers: Sequence[Layer], preloaded: bool) -> None:
        self.message(lambda ids: RunStarted(**ids, protocol=PROTOCOL, pid=os.getpid(), layers=list(layers), preloaded=preloaded))

    def ended(self, status: str, reason: str, step: float) -> None:
        self.message(lambda ids: RunEnded(**ids, status=status, reason=str(reason), step=float(step), sentence=keep(reason)))

    def close(self) -> None:
        """There is nothing to wait for."""

    def messages(self) -> list[Sent]:
        self._kept += self.drain()
        return self._kept
