"""Shared parts of the shell's commands: options, connection to a server, parsing of typed specs and settings."""

import json
import math
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from dynascope.client import Client, Refused
from dynascope.imports import environment_for, server_folder
from dynascope.shell.typed import json_value, kind_of, yaml_value

Url = Annotated[str | None, typer.Option(help="The server; DYNASCOPE_URL unless told otherwise.", envvar="DYNASCOPE_URL")]
Token = Annotated[str | None, typer.Option(help="Its token; DYNASCOPE_TOKEN unless told otherwise.", envvar="DYNASCOPE_TOKEN")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: Maximum seconds for a temporary server to end.
PATIENCE = 15.0
#: Control characters: in a name, they could move the terminal's cursor or end a line of a table.
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")


@contextmanager
def private_server() -> Iterator[tuple[str, str]]:
    """`(url, token)` of a temporary server for this command; the server and its folder are removed however the command ends."""
    token = secrets.token_urlsafe(24)
    for asked_to_end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked_to_end, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="dynascope-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "dynascope", "serve", "--port", "0", "--data", folder]
        known = {"DYNASCOPE_TOKEN": token, "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(_cache()))}
        environment = os.environ | environment_for(str(server_folder())) | known
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
            try:
                process.wait(PATIENCE)
            except BaseException:  # it takes too long, or the user has sent a second signal
                process.kill()
                process.wait()
                raise


def _cache() -> Path:
    """The folder that keeps compiled kernels between commands."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dynascope" / "numba"


@contextmanager
def connected(url: str | None, token: str | None) -> Iterator[Client]:
    """A client; if the server refuses a request, the command prints the reason and ends."""
    try:
        made = Client(url, token)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--url, --token") from None
    with made as client:
        try:
            yield client
        except Refused as refusal:
            typer.echo(str(refusal), err=True)
            raise typer.Exit(1) from None
        except httpx.InvalidURL as wrong:
            raise typer.BadParameter(f"no run, study or data set has such an id ({wrong}); `dynascope ls` lists them") from None
        except httpx.TransportError as trouble:
            typer.echo(f"{client.url} can't be reached ({trouble}); is it running? `dynascope serve` starts one", err=True)
            raise typer.Exit(1) from None


def progress(quiet: bool) -> Progress:
    """Progress bars on standard error."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True, emoji=False), disable=quiet)


def say(line: str) -> None:
    """Print a line as plain text, with control characters replaced by spaces."""
    typer.echo(_plain(line))


def say_json(value: Any, indent: int | None = None) -> None:
    """Print JSON, with ASCII characters only unless standard output uses a UTF encoding."""
    has_all = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    typer.echo(json.dumps(value, indent=indent, ensure_ascii=not has_all))


def listing(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on a terminal, without wrapping an `id`; in a pipe, print one line per row with tabs between cells."""
    cells = [[_plain(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in ([*columns], *cells):
            typer.echo("\t".join(row))
        return
    table = Table(*(Column(Text(column), no_wrap=column == "id", overflow="fold") for column in columns))
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _plain(text: str) -> str:
    return text.translate(_CONTROLS)


def write(pieces: Iterable[bytes], output: Path | None) -> None:
    """Write to a file, which appears only when complete, else to standard output. Ends the command if the transfer breaks off."""
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
    if output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; give a file's name", param_hint="-o")
    partial = output.with_name(output.name + ".part")
    try:
        file = partial.open("wb")
    except OSError as trouble:
        raise typer.BadParameter(
            f"{output} can't be written ({trouble.strerror}); give a file in a folder that is there", param_hint="-o"
        ) from None
    try:
        with file:
            for piece in pieces:
                file.write(piece)
        partial.rename(output)
    except OSError as trouble:
        typer.echo(f"{output} can't be written ({trouble.strerror}); nothing was left of it", err=True)
        raise typer.Exit(1) from None
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path | None) -> dict[str, Any]:
    """Read a spec's file. Raises BadParameter if it is not an object that JSON can represent."""
    if path is None:
        return {}
    try:
        text = (sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()).decode("utf-8-sig")
    except OSError as trouble:
        raise typer.BadParameter(f"{path} can't be read ({trouble.strerror}); give a JSON or YAML file, or - for standard input") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise typer.BadParameter(f"{path} is no text in UTF-8 (byte {byte:#04x} at {error.start}); save it as UTF-8") from None
    spec = _parsed(path, text)
    if not isinstance(spec, dict):
        raise typer.BadParameter(f'{path} holds {kind_of(spec)}; a spec is an object, as {{"data": {{"name": "moons"}}}}')
    try:
        checked(spec, str(path))
    except RecursionError:
        raise typer.BadParameter(f"{path} holds itself, or too much inside each other; write a spec without such an alias") from None
    return spec


def _parsed(path: Path, text: str) -> Any:
    kind, load = ("YAML", yaml_value) if path.suffix in (".yaml", ".yml") else ("JSON", json_value)
    if not text.strip():
        raise typer.BadParameter(f"{path} is empty; write a spec into it, as {{}} for the defaults")
    try:
        return load(text)
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise typer.BadParameter(f"{path} is not {kind}: {said}; mend it there, or give .yaml as its ending where it is YAML") from None


def checked(value: Any, where: str, hint: str | None = None) -> None:
    """Raises BadParameter if JSON has no such value; `where` names its source."""
    match value:
        case None | bool() | int() | str():
            return
        case float():
            wrong = None if math.isfinite(value) else f"{where} is {value}; a number has to be finite: give one that is"
        case list():
            for i, one in enumerate(value):
                checked(one, f"{where}: [{i}]", hint)
            return
        case dict():
            for key, one in value.items():
                if not isinstance(key, str):
                    raise typer.BadParameter(f"{where} has the key {key!r}; a key is text: put it in quotes", param_hint=hint)
                checked(one, f"{where}: {key}", hint)
            return
        case _:
            wrong = f"{where} is {value}, a {type(value).__name__}, which JSON has not: put it in quotes to have it as text"
    if wrong:
        raise typer.BadParameter(wrong, param_hint=hint)


def settings_of(given: list[str] | None) -> Iterator[tuple[str, Any]]:
    for setting in given or []:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            raise typer.BadParameter(f"{setting!r} is not a change; write it as data.batch_size=32", param_hint="--set")
        value = _value(text)
        checked(value, path, "--set")
        yield path, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def put(spec: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        if not isinstance(spec.get(key), dict):
            spec[key] = {}
        spec = spec[key]
    spec[last] = value
