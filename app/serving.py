"""Starts a listening server from the settings; `dynascope serve` calls this."""

import fcntl
import logging
import os
import signal
import socket
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import uvicorn
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.address import WrongAddress
from app.folders import Unusable, try_folders
from app.guard.security import RedactTokens
from app.main import create_app
from app.settings import Settings
from app.store.database import try_database

#: Paths that are requested again and again.
QUIET = ("/api/healthz", "/api/readyz", "/favicon.ico")


class CannotServe(Exception):
    """Why the server can't start, and what to do."""


def serve(given: dict[str, Any], open_browser: bool = False) -> int | None:
    """Serve until SIGINT or SIGTERM, and return the signal. Raises CannotServe."""
    _log()
    try:
        settings = Settings(**given)
    except ValidationError as refused:
        raise CannotServe("these settings can't be used:\n" + "\n".join(map(_told, refused.errors()))) from None
    _choose(settings.log_level)
    compiled = os.environ.get("NUMBA_CACHE_DIR") or settings.data / "cache" / "numba"
    try:
        try_folders(settings.data, settings.cache_folder, Path(compiled))
        lock = _lock(settings.data)
        try_database(settings.database)
        settings.secret()
        listener = _bind(settings.host, settings.port)
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        app = create_app(settings)
        app.state.store.prepare()
    except WrongAddress as error:
        raise CannotServe(f"these settings can't be used:\n  DYNASCOPE_PUBLIC_URL: {error}") from None
    except (OSError, ValueError) as error:
        raise CannotServe(f"the data folder {settings.data} can't be used: {error}; give --data another folder") from None
    except Unusable as unusable:
        raise CannotServe(str(unusable)) from None
    config = uvicorn.Config(
        app,
        log_config=None,
        ws="websockets-sansio",
        ws_max_size=settings.max_frame,
        ws_per_message_deflate=False,  # 480 µs per frame instead of 2 µs
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    link = f"{settings.base_url()}/?token={settings.secret()}"
    print(f"\n  Dynascope  {link}\n  data       {settings.data.resolve()}\n  slots      {settings.slots}\n", flush=True)
    if open_browser:
        threading.Thread(target=_open, args=(link,), daemon=True).start()
    server = Server(config)
    server.run(sockets=[listener])
    lock.close()
    return server.ended_by


class Server(uvicorn.Server):
    """Ends within a fixed time, however many signals it gets: uvicorn would leave workers behind at the second signal,
    and exit at the first before this process has cleaned up."""

    ended_by: int | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.ended_by = self.ended_by or sig
        self.should_exit = True


def _told(error: ErrorDetails) -> str:
    """A line for one setting. A sentence of our own says what was given; it leaves out secrets."""
    name = "DYNASCOPE_" + "_".join(map(str, error["loc"])).upper()
    if error["type"] == "value_error":
        return f"  {name}: {error['ctx']['error']}"
    return f"  {name}: {error['msg']} (given: {error['input']!r})"


def _log() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(RedactTokens())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_is_worth_a_line)


def _choose(level: str) -> None:
    """`debug` applies only to this program: other libraries would log each frame."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger().setLevel(max(number, logging.INFO))
    for own in ("app", "trainer", "dynascope", "uvicorn.access"):
        logging.getLogger(own).setLevel(number)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Requests for a page's resources and repeated polls are logged at debug level, unless they failed."""
    assert isinstance(record.args, tuple)
    path, status = str(record.args[2]).partition("?")[0], int(str(record.args[4]))
    if status < 400 and ("/static/" in path or path.endswith(QUIET)):
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger(record.name).isEnabledFor(record.levelno)


def _lock(data: Path) -> TextIO:
    """Only one server may use a data folder; the lock is released when the process ends, in any way."""
    file = (data / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise CannotServe(f"another server (pid {holder}) uses {data.resolve()}; stop it or give --data another folder") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _bind(host: str, port: int) -> socket.socket:
    # TCP is given explicitly: otherwise asyncio leaves Nagle's algorithm on, and each small answer waits 40 ms for the client's ACK.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise CannotServe(f"{host}:{port} can't be used ({error.strerror}); give --port another port, or 0 for a free one") from None
    listener.set_inheritable(False)
    return listener


def _open(link: str) -> None:
    time.sleep(1.0)
    webbrowser.open(link)
