"""The server's side of the planner process: one question at a time, and a new process where one doesn't answer."""

import asyncio
import contextlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from app.executors.local import Local
from app.words.problems import Problem
from dynascope.sentence import say, unpack
from trainer.spec import FieldError

log = logging.getLogger(__name__)

#: A planner that takes longer is replaced; the first answer of the first one waits for torch's import.
PATIENCE, FIRST_PATIENCE = 2.0, 120.0


class Planner:
    """`patience`: seconds that an answer may take."""

    def __init__(self, executor: Local, patience: float = PATIENCE) -> None:
        self._executor, self._patience = executor, patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._lock = asyncio.Lock()
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None
        self._id = 0
        self.preloaded: bool | None = None

    async def ask(self, op: str, **question: Any) -> Any:
        """The answer's value. Raises Problem: 422 with the fields to mend, or 503 where no answer came."""
        async with self._lock:
            await self._ensure()
            self._id += 1
            answer = await self._exchange({"id": self._id, "op": op, **question}, self._patience)
            if answer is None:
                self._replace()
                raise Problem(
                    503,
                    say("the planner did not answer within {seconds} s and is being replaced; try again", seconds=f"{self._patience:g}"),
                )
        if "errors" in answer:
            raise Problem.of_fields([FieldError(**error) for error in answer["errors"]])
        if "failed" in answer:
            log.error("planner: %s", answer["traceback"])
            raise Problem(500, say("the planner failed: {failed}", failed=answer["failed"]))
        return answer["ok"]

    async def _ensure(self) -> None:
        if self._process is not None:
            return
        self._process, self._pipe = await self._executor.start_planner()
        hello = await self._exchange(None, FIRST_PATIENCE)
        if hello is None:
            self._replace()
            raise Problem(503, say("the planner could not be started; the server's log says why"))
        self.preloaded = hello["ok"]["preloaded"]
        if not self.preloaded:
            log.error("the forkserver could not preload trainer.warm: every run will start slowly (try: python -c 'import trainer.warm')")

    async def _exchange(self, question: dict[str, Any] | None, patience: float) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._talk, question, patience)

    def _talk(self, question: dict[str, Any] | None, patience: float) -> Any:
        assert self._pipe is not None
        try:
            if question is not None:
                self._pipe.send_bytes(json.dumps(question).encode())
            return unpack(json.loads(self._pipe.recv_bytes())) if self._pipe.poll(patience) else None
        except (OSError, EOFError):
            return None

    def _replace(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    async def close(self) -> None:
        self._replace()
        self._thread.shutdown(wait=False)
