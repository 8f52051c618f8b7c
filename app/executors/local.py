"""Workers as processes of this machine, forked from one forkserver that has imported torch already.

The forkserver gets its import path by PYTHONPATH, because what this process added to `sys.path` does not reach it, and
it is started in a thread, because the first start blocks until torch is imported (some 4 s).
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil

from app.executors import entry
from app.executors.base import OnExit, Started
from app.settings import ROOT

#: `dynascope.cli` is there because a child imports the server's main module again before it begins.
PRELOAD = ["trainer.warm", "app.executors.entry", "dynascope.cli"]


class Local:
    def __init__(self, data: Path) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="forkserver")
        self._data = data.resolve()

    async def start(self, job: dict[str, Any], on_exit: OnExit) -> Started:
        process = await self._run(self._spawn, "trainer.worker:main", job)

        def ended() -> None:
            process.join()
            on_exit(process.exitcode)

        self._watch(process.sentinel, ended)
        return Started.of(process.pid)  # where it has ended already, its exit is reported all the same

    async def start_planner(self) -> tuple[ForkServerProcess, Connection]:
        """The resident process that answers over a pipe; see `app.planner.planner`."""
        ours, theirs = self._context.Pipe()
        process = await self._run(self._spawn, "trainer.planner:main", theirs)
        theirs.close()
        return process, ours

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

    async def _run(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._starter, function, *args)

    def _spawn(self, path: str, argument: Any) -> ForkServerProcess:
        process = self._context.Process(target=entry.call, args=(path, argument), daemon=True)
        with _environment(self._data):
            process.start()
        return process

    def _watch(self, fd: int, ended: Any) -> None:
        loop = asyncio.get_running_loop()

        def ready() -> None:
            loop.remove_reader(fd)
            ended()

        loop.add_reader(fd, ready)


@contextlib.contextmanager
def _environment(data: Path) -> Iterator[None]:
    """What the forkserver inherits when this start is the first."""
    wanted = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
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
