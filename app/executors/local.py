"""Workers as processes of this machine, forked from one forkserver that has already imported torch.

The forkserver gets its import path from its environment, because changes of `sys.path` in this process do not reach it. It
is started in a thread, because the first start blocks until torch is imported (about 4 s).
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil

from app.executors import entry
from app.executors.base import OnExit, Started
from app.settings import ROOT
from dynascope.imports import environment_for
from dynascope.sentence import say

#: `dynascope.__main__` is included because a child imports the server's main module again before it begins.
PRELOAD = ["trainer.warm", "app.executors.entry", "dynascope.__main__"]
#: The exit code that multiprocessing gives if the forkserver died: the process may still be running.
UNKNOWN = 255


class Lost(OSError):
    """The forkserver has ended before it could start the process; the next start creates another forkserver."""


class Local:
    """`ready`: whether a forkserver that has imported everything can start workers; the planner finds out."""

    def __init__(self, data: Path) -> None:
        self.ready = asyncio.Event()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="forkserver")
        self._data = data.resolve()
        self._closing = False

    async def start(self, job: dict[str, Any], on_exit: OnExit) -> Started:
        await self.ready.wait()
        try:
            process = await self._run(self._spawn, entry.call, "trainer.worker:main", job)
        except Lost:
            # The forkserver was killed after its last start: it is no fault of this run, and the next start has another one.
            process = await self._run(self._spawn, entry.call, "trainer.worker:main", job)
        started = Started.of(process.pid)  # if it has already ended, its exit is still reported

        def ended() -> None:
            process.join()
            if process.exitcode != UNKNOWN or not self.adopt(started, on_exit):
                on_exit(process.exitcode)

        self._watch(process.sentinel, ended)
        return started

    async def start_planner(self) -> tuple[ForkServerProcess, Connection]:
        """The resident process that answers over a pipe; see `app.planner.planner`. Raises OSError if it can't be started."""
        ours, theirs = self._context.Pipe()
        try:
            process = await self._run(self._spawn, entry.plan, theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return process, ours

    def retire(self) -> None:
        """End a forkserver whose preloading failed: the next start creates another. Its workers continue."""
        pid = _forkserver_pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def adopt(self, started: Started, on_exit: OnExit) -> bool:
        if not _alive(started):
            return False
        try:
            fd = os.pidfd_open(started.pid)
        except ProcessLookupError:
            return False

        def ended() -> None:
            os.close(fd)
            on_exit(None)

        self._watch(fd, ended)
        return True

    def terminate(self, started: Started) -> None:
        _signal(started, signal.SIGTERM)

    def kill(self, started: Started) -> None:
        _signal(started, signal.SIGKILL)

    def cpu_seconds(self, started: Started) -> float | None:
        try:
            process = psutil.Process(started.pid)
            times = process.cpu_times()
            return float(times.user + times.system) if _same(process, started) else None
        except psutil.Error:
            return None

    async def close(self) -> None:
        """A start in progress is cancelled: the import of torch, which it may wait for, is interrupted."""
        self._closing = True
        idle = self._starter.submit(lambda: None)
        self.retire()
        while not idle.done():
            await asyncio.sleep(0.05)
            self.retire()
        self._starter.shutdown()

    async def _run(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._starter, function, *args)

    def _spawn(self, target: Callable[..., None], *args: Any) -> ForkServerProcess:
        if self._closing:
            raise Lost("the server is being stopped")
        process = self._context.Process(target=target, args=args, daemon=True)
        with _environment(self._data):
            resource_tracker.ensure_running()
            # Ctrl-C in the terminal reaches every process of its group. All forked processes inherit this mask:
            # they end when the server tells them to. The resource tracker, which unblocks the signal, is already running.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                process.start()
            except (OSError, EOFError) as error:
                raise Lost(exit_words() or str(error)) from error
        return process

    def _watch(self, fd: int, ended: Any) -> None:
        loop = asyncio.get_running_loop()

        def ready() -> None:
            loop.remove_reader(fd)
            ended()

        loop.add_reader(fd, ready)


def _forkserver_pid() -> int | None:
    """multiprocessing does not publish the pid, and has no other way to end a forkserver."""
    return getattr(forkserver._forkserver, "_forkserver_pid", None)


def exit_words() -> str | None:
    """How the forkserver ended, if it has; multiprocessing can still collect its exit status afterwards."""
    pid, end = _forkserver_pid(), None
    for _ in range(20):  # its pipes close a moment before it is a zombie
        with contextlib.suppress(ChildProcessError):
            end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) if pid is not None else None
        if end is not None:
            break
        time.sleep(0.05)
    if end is None:
        return None
    if end.si_code == os.CLD_EXITED:
        return say("the process that imports torch exited with code {code}", code=end.si_status)
    name = signal.Signals(end.si_status).name if end.si_status in set(signal.Signals) else str(end.si_status)
    if name == "SIGKILL":
        return say("the process that imports torch was ended by SIGKILL, as it is where memory runs out")
    return say("the process that imports torch was ended by {name}", name=name)


@contextlib.contextmanager
def _environment(data: Path) -> Iterator[None]:
    """The environment that the forkserver inherits if this start is the first."""
    wanted = environment_for(str(ROOT)) | {
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(data / "cache" / "numba"),
        "DYNASCOPE_DATA": str(data),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _same(process: psutil.Process, started: Started) -> bool:
    return abs(process.create_time() - started.created) < 1.0


def _signal(started: Started, number: signal.Signals) -> None:
    if _alive(started):
        with contextlib.suppress(ProcessLookupError):
            os.kill(started.pid, number)


def _alive(started: Started) -> bool:
    try:
        process = psutil.Process(started.pid)
        return _same(process, started) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
