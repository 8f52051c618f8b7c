"""What the shell's commands share: options, a server to talk to, specs and settings as they are typed."""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dynascope.client import Client, Refused

Url = Annotated[str | None, typer.Option(help="The server; DYNASCOPE_URL unless told otherwise.", envvar="DYNASCOPE_URL")]
Token = Annotated[str | None, typer.Option(help="Its token; DYNASCOPE_TOKEN unless told otherwise.", envvar="DYNASCOPE_TOKEN")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def private_server() -> Iterator[tuple[str, str]]:
    """`(url, token)` of a server of this command's own, in a folder that goes with it; both go however the command is ended."""
    token = secrets.token_urlsafe(24)
    for asked_to_end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked_to_end, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="dynascope-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "dynascope", "serve", "--port", "0", "--data", folder]
        environment = os.environ | {"DYNASCOPE_TOKEN": token, "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(_cache()))}
        with (Path(folder) / "server.log").open("w") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            note = Path(folder) / "server.json"
            until = time.monotonic() + 60
            while not note.exists():
                if process.poll() is not None or time.monotonic() > until:
                    typer.echo((Path(folder) / "server.log").read_text()[-2000:], err=True)
                    raise typer.Exit(1)
                time.sleep(0.05)
            yield json.loads(note.read_text())["url"], token
        finally:
            process.terminate()
            process.wait(15)


def _cache() -> Path:
    """Where compiled kernels stay from one command to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dynascope" / "numba"


@contextmanager
def connected(url: str | None, token: str | None) -> Iterator[Client]:
    """A client whose refusals end the command with their words."""
    with Client(url, token) as client:
        try:
            yield client
        except Refused as refusal:
            typer.echo(str(refusal), err=True)
            raise typer.Exit(1) from None
        except httpx.TransportError as trouble:
            typer.echo(f"{client.url} can't be reached ({trouble}); is it running? `dynascope serve` starts one", err=True)
            raise typer.Exit(1) from None


def progress(quiet: bool) -> Progress:
    """A bar for each of some things that take their time, on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet)


def write(pieces: Iterable[bytes], output: Path | None) -> None:
    """To a file, which is there only once it is whole; to standard output where none is named. Ends the command where it breaks off."""
    try:
        _write(pieces, output)
    except httpx.RemoteProtocolError as broken:
        typer.echo(f"the transfer broke off ({broken}): what was asked for was deleted meanwhile, or the server ended", err=True)
        raise typer.Exit(1) from None


def _write(pieces: Iterable[bytes], output: Path | None) -> None:
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(output.name + ".part")
    try:
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        partial.rename(output)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    text = sys.stdin.read() if str(path) == "-" else path.read_text()
    try:
        if path.suffix in (".yaml", ".yml"):
            import yaml  # type: ignore[import-untyped, unused-ignore]

            spec = yaml.safe_load(text)
        else:
            spec = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{path} is not JSON: {error}") from None
    if not isinstance(spec, dict):
        raise typer.BadParameter(f"{path} holds {type(spec).__name__}; a spec is an object")
    return spec


def settings_of(given: list[str] | None) -> Iterator[tuple[str, Any]]:
    for setting in given or []:
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise typer.BadParameter(f"{setting!r} is not a change; write it as data.batch_size=32", param_hint="--set")
        yield path, _value(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def put(spec: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        if not isinstance(spec.get(key), dict):
            spec[key] = {}
        spec = spec[key]
    spec[last] = value
