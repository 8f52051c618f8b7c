"""The server's side of the planner process: one question at a time; a process that does not answer is replaced."""

import asyncio
import contextlib
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from app.executors.base import Started
from app.executors.local import Local
from app.words.problems import Problem
from dynascope.sentence import said, say, unpack
from trainer.cause import cause_of
from trainer.spec import FieldError

log = logging.getLogger(__name__)

#: A planner that takes longer is replaced.
PATIENCE = 2.0
#: The first and the longest pause, in seconds, before a failed start is tried again; the pause doubles each time.
PAUSE, LONGEST = 2.0, 60.0
#: Seconds for which a successful answer counts as proof that the planner works.
TRY = 1.0


class NoAnswer(Exception):
    """The planner took too long."""


class Away(Problem):
    """The planner died during a question; `why` gives the cause."""

    def __init__(self, why: str) -> None:
        super().__init__(503, say("{why} and is being replaced; try again", why=why))
        self.why = why


class Planner:
    """`patience`: seconds allowed for an answer; `first_patience`: seconds allowed for the start, which waits for torch's import."""

    def __init__(self, executor: Local, first_patience: float, patience: float = PATIENCE) -> None:
        self._executor, self._patience, self._first_patience = executor, patience, first_patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._lock = asyncio.Lock()
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None
        self._ended = asyncio.Event()
        self._id = 0
        self._answered = 0.0
        self._cause: str | None = None
        self._failures, self._next = 0, 0.0

    @property
    def trouble(self) -> Problem | None:
        """The reason why no run can start, until one can."""
        if self._cause is None:
            return None
        wait = max(1, math.ceil(self._next - time.monotonic()))
        longest = f"{LONGEST:g}"
        why = say(
            "no run can start: {cause}; mend that, and the server goes on by itself within {longest} s", cause=self._cause, longest=longest
        )
        return Problem(503, why, headers={"Retry-After": str(wait)})

    async def ask(self, op: str, **question: Any) -> Any:
        """The answer's value. Raises Problem: 422 with the fields to correct, or 503 if no answer came."""
        async with self._lock:
            try:
                answer = await self._answer(op, question)
            except NoAnswer:
                self._replace()
                why = say("the planner did not answer within {seconds} s", seconds=f"{self._patience:g}")
                raise Away(why) from None
            self._answered = time.monotonic()
        if "errors" in answer:
            raise Problem.of_fields([FieldError(**error) for error in answer["errors"]])
        if "failed" in answer:
            log.error("the planner failed: %s", answer["failed"])
            log.debug("%s", answer["traceback"])
            raise Problem(500, say("the planner failed: {failed}", failed=answer["failed"]))
        return answer["ok"]

    async def try_answering(self) -> None:
        """Raises Problem if runs can't start now. The planner is tried only once in a while, however many requests ask."""
        if self.trouble is not None:
            raise self.trouble
        if self._process is None or not self._executor.ready.is_set():
            raise Problem(503, say("torch is still being imported; runs that are asked for now start when it is there"))
        if not self._lock.locked() and time.monotonic() - self._answered > TRY:
            await self.ask("ping")

    async def keep(self, first: Callable[[], Awaitable[Any]]) -> None:
        """Keep a planner running while this runs: replace it if it ended, and try again after a pause if it could not be started.
        `first` is the first question to each planner; if it fails, no other question will succeed."""
        while True:
            told = self._cause
            try:
                await first()
            except Exception as error:  # noqa: BLE001  every error is reported, and the start is tried again
                if self._cause is None:
                    self._failed(error.why if isinstance(error, Away) else error.detail if isinstance(error, Problem) else cause_of(error))
                    self._discard()  # its import failed, and it would not import again
                self._executor.ready.clear()
                if self._cause != told:
                    log.error("%s", self.trouble)
                await asyncio.sleep(max(0.0, self._next - time.monotonic()))
                continue
            self._executor.ready.set()
            self._failures = 0
            if told is not None:
                log.info("runs can start again")
            await self._ended.wait()

    async def _answer(self, op: str, question: dict[str, Any]) -> Any:
        """A planner that was killed since its last answer is replaced silently. Raises NoAnswer, Problem."""
        for last in (False, True):
            fresh = self._process is None
            await self._ensure()
            self._id += 1
            try:
                return await self._exchange({"id": self._id, "op": op, **question}, self._patience)
            except (OSError, EOFError):
                self._replace()
                if last or fresh:
                    why = say("the planner ended while it was asked")
                    raise Away(why) from None
        raise AssertionError("it was asked twice")

    async def _ensure(self) -> None:
        if self._process is not None:
            return
        if self.trouble is not None and time.monotonic() < self._next:
            raise self.trouble
        try:
            hello = await self._start()
        except (OSError, EOFError, NoAnswer) as error:
            why = said(error) or say("the process that imports torch ended without a word")
            hello = {"failed": why}
        if "failed" in hello:
            self._failed(hello["failed"])
            self._discard()
            assert self.trouble is not None
            raise self.trouble
        self._cause = None
        if not hello["ok"]["preloaded"]:
            log.error("the forkserver could not preload trainer.warm: every run will start slowly")

    async def _start(self) -> Any:
        try:
            async with asyncio.timeout(self._first_patience):
                self._process, self._pipe = await self._executor.start_planner()
        except TimeoutError:
            why = say("torch was not imported within {seconds} s", seconds=f"{self._first_patience:g}")
            raise NoAnswer(why) from None
        self._ended = ended = asyncio.Event()
        self._executor.adopt(Started.of(self._process.pid or 0), lambda code: ended.set())
        return await self._exchange(None, self._first_patience)

    def _failed(self, cause: str) -> None:
        self._cause = cause
        self._next = time.monotonic() + min(PAUSE * 2**self._failures, LONGEST)
        self._failures += 1

    async def _exchange(self, question: dict[str, Any] | None, patience: float) -> Any:
        """Raises NoAnswer, OSError or EOFError."""
        assert self._pipe is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._talk, self._pipe, question, patience)

    @staticmethod
    def _talk(pipe: Connection, question: dict[str, Any] | None, patience: float) -> Any:
        if question is not None:
            pipe.send_bytes(json.dumps(question).encode())
        if not pipe.poll(patience):
            raise NoAnswer(say("the planner did not answer within {seconds} s", seconds=f"{patience:g}"))
        return unpack(json.loads(pipe.recv_bytes()))

    def _discard(self) -> None:
        """Discard the planner, and the forkserver that started it."""
        self._executor.retire()
        self._replace()

    def _replace(self) -> None:
        self._ended.set()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    async def close(self) -> None:
        self._replace()
        self._thread.shutdown(wait=False)
