"""A run's own process: from a job to a training loop that sends messages to the server.

The process is forked from a forkserver that has already imported all this; `preloaded` says whether it had.
"""

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import traceback
import uuid
from pathlib import Path
from typing import Any

from dynascope.messages import Control
from dynascope.sentence import say
from dynascope.sinks.journal import Journal
from dynascope.sinks.server import Server, server_file
from trainer import loop, registry
from trainer.control import Commands
from trainer.spec import RunSpec


def main(job: dict[str, Any], preloaded: bool) -> None:
    """`job`: run, attempt, token, spec, begin (a checkpoint or None), resumed (whether the checkpoint is of an earlier attempt), again
    (live changes to repeat, with their steps), data (the server's folder), patience, keep (seconds between checkpoints), nice
    (the increment of this process's niceness).
    """
    folder = Path(job["data"]) / "runs" / job["run"]
    folder.mkdir(parents=True, exist_ok=True)
    _own_output(folder / "worker.log")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the server's terminal reaches the whole process group
    commands = Commands()
    sink = Server(
        job["run"],
        job["attempt"],
        job["token"],
        server_file(Path(job["data"]) / "server.json"),
        Journal(folder / f"{job['attempt']}.journal"),
        on_control=commands.put,
        on_lost=lambda: commands.put(_stop()),
        patience=job["patience"],
    )

    def terminated() -> None:
        """Runs in a thread of its own: a signal handler could interrupt the loop while it holds the sink's locks."""
        while os.read(told, 1):
            sink.abandon()
            commands.put(_stop())

    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGTERM, lambda signum, frame: None)  # only the signal's byte in the pipe is used
    threading.Thread(target=terminated, name="terminated", daemon=True).start()
    try:
        os.nice(job["nice"])
        registry.discover()
        begin = Path(job["begin"]) if job["begin"] else None
        spec = RunSpec.model_validate(job["spec"])
        keeping = loop.Keeping(folder / "checkpoints", job["keep"])
        loop.run(spec, sink, commands, preloaded=preloaded, begin=begin, resumed=job["resumed"], again=job["again"], keeping=keeping)
    except Exception as error:  # noqa: BLE001  any error of a part ends this run, and its message reaches the user
        traceback.print_exc()
        sink.event(0, "error", {"traceback": traceback.format_exc()})
        sink.ended("failed", say("{kind}: {error}", kind=type(error).__name__, error=error), 0)
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            sink.close()


def _stop() -> Control:
    return Control(id=uuid.uuid4().hex, action="stop")


def _own_output(path: Path) -> None:
    """Output, and the trace of a crash in C, go to the run's own file, not to the server's terminal."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
