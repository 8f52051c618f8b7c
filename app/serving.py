"""From settings to a listening server: what `dynascope serve` calls."""

import fcntl
import logging
import os
import socket
import threading
import time
import webbrowser
from pathlib import Path
from typing import Any, TextIO

import uvicorn
from pydantic import ValidationError

from app.guard.security import RedactTokens
from app.main import create_app
from app.settings import Settings


class CannotServe(Exception):
    """Why the server can't start, and what to do."""


def serve(given: dict[str, Any], open_browser: bool = False) -> None:
    """Serve until SIGINT or SIGTERM. Raises CannotServe."""
    _log()
    try:
        settings = Settings(**given)
    except ValidationError as refused:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']} (given: {e['input']!r})" for e in refused.errors()]
        raise CannotServe("these settings can't be used:\n" + "\n".join(lines)) from None
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        lock = _lock(settings.data)
        token = settings.secret()
    except (OSError, ValueError) as error:
        raise CannotServe(f"the data folder {settings.data} can't be used: {error}; give --data another folder") from None
    listener = _bind(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        ws="websockets-sansio",
        ws_max_size=settings.max_frame,
        ws_per_message_deflate=False,  # 480 µs a frame against 2 µs
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    link = f"{settings.base_url()}/?token={token}"
    print(f"\n  Dynascope  {link}\n  data       {settings.data.resolve()}\n  slots      {settings.slots}\n", flush=True)
    if open_browser:
        threading.Thread(target=_open, args=(link,), daemon=True).start()
    uvicorn.Server(config).run(sockets=[listener])
    lock.close()


def _log() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(RedactTokens())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _lock(data: Path) -> TextIO:
    """One server a data folder; the lock goes with the process, however it ends."""
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
    # Named TCP, or asyncio leaves Nagle's algorithm on, and each small answer waits 40 ms for the client's acknowledgement.
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
