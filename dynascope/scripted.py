"""`dynascope run, resume, ls, show, export`: the REST API from a shell."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from dynascope.client import Client, Refused, Run

Url = Annotated[str | None, typer.Option(help="The server; DYNASCOPE_URL unless told otherwise.", envvar="DYNASCOPE_URL")]
Token = Annotated[str | None, typer.Option(help="Its token; DYNASCOPE_TOKEN unless told otherwise.", envvar="DYNASCOPE_TOKEN")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def private_server() -> Iterator[tuple[str, str]]:
    """`(url, token)` of a server of this command's own, in a folder that goes with it."""
    token = secrets.token_urlsafe(24)
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


def run(
    spec: Annotated[Path | None, typer.Argument(help="A JSON or YAML file, - for standard input; without one, the defaults.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A change of the spec, as data.batch_size=32.")] = None,
    seeds: Annotated[int, typer.Option(help="How many runs, with the spec's seed and those after it.", min=1, max=1000)] = 1,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, with a progress bar and a table.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Start runs on a server; where none is named, on one of this command's own."""
    base = _read(spec)
    for path, value in _settings(settings):
        _put(base, path, value)
    private = url is None
    if private and not wait:
        raise typer.BadParameter("without a server (--url) a run lasts as long as this command: it has to wait", param_hint="--no-wait")
    with ExitStack() as stack:
        if private:
            url, token = stack.enter_context(private_server())
        client = stack.enter_context(connected(url, token))
        first = int(base.get("seed", 0))
        runs = [client.start(base | {"seed": first + i}) for i in range(seeds)]
        if wait:
            _wait(client, runs, quiet=as_json)
        _print(runs, as_json)
        if wait and any(one.status in ("failed", "diverged", "interrupted") for one in runs):
            raise typer.Exit(3)


def ls(
    status: Annotated[str | None, typer.Option(help="queued, running, finished, ...")] = None,
    tag: Annotated[str | None, typer.Option()] = None,
    q: Annotated[str | None, typer.Option(help="Looked for in names and notes.")] = None,
    most: Annotated[int, typer.Option("-n", help="At most so many.", min=1)] = 20,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first."""
    with connected(url, token) as client:
        _print(list(client.runs(status=status, tag=tag, q=q, most=most)), as_json)


def show(id: str, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """One run: its state, its newest values, what is wrong with it."""
    with connected(url, token) as client:
        one = client.run(id)
        if as_json:
            typer.echo(json.dumps(one.record, indent=2, ensure_ascii=False))
            return
        console = Console()
        console.print(f"{one.name or one.id}  {one.status} at step {one.step:,.0f}  {one.record['end_reason'] or ''}", markup=False)
        console.print(one.url, markup=False)
        for finding in one.diagnosis:
            console.print(f"⚠ {finding['rule']} since step {finding['since']:g}: {finding['evidence']}", markup=False)
        table = Table("series", "newest")
        for name, value in sorted(one.latest.items()):
            table.add_row(name, "not finite" if value is None else f"{value:.6g}")
        console.print(table)


def resume(
    id: str,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A change, as stop.max_epochs=40.")] = None,
    at: Annotated[float | None, typer.Option(help="A checkpoint's step; the newest unless told otherwise.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, with a progress bar and a table.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run after its end, from a checkpoint, as if it had never ended."""
    with connected(url, token) as client:
        one = client.run(id).resume(at, **dict(_settings(settings)))
        if wait:
            _wait(client, [one], quiet=as_json)
        _print([one], as_json)
        if wait and one.status in ("failed", "diverged", "interrupted"):
            raise typer.Exit(3)


def export(
    id: str,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; standard output unless told otherwise.")] = None,
    format: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    url: Url = None,
    token: Token = None,
) -> None:
    """Every point of every series of a run."""
    with connected(url, token) as client:
        pieces = client.run(id).export(format)
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        partial = output.with_name(output.name + ".part")
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        partial.rename(output)


def data_add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV, Parquet or NPZ file.")],
    target: Annotated[str | None, typer.Option(help="The column to learn; the last unless told otherwise.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression; found out unless told otherwise.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is called; the file's name unless told otherwise.")] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Upload a file as a data set, and say what was found in it."""
    with connected(url, token) as client:
        found = client.upload(file, target, task, name)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    classes = f", {len(found['classes'])} classes: {', '.join(found['classes'][:10])}" if found["classes"] else ""
    typer.echo(f"{found['id']}  {found['name']}: {found['rows']:,} rows, {found['task']} of {found['target']!r}{classes}")
    for one in found["ignored"]:
        typer.echo(f"  {one['column']!r} is not used: {one['why']}")
    for note in found["notes"]:
        typer.echo(f"  {note}")
    typer.echo(f"  use it:  --set data.name={found['format']} --set data.params.id={found['id']}")


def data_ls(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List uploaded data sets, the newest first."""
    with connected(url, token) as client:
        found = client.datasets()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "name", "data set", "rows", "task", "target", "bytes")
    for one in found:
        cells = (one["id"], one["name"], one["format"], f"{one['rows']:,}", one["task"], one["target"], f"{one['bytes']:,}")
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)


def data_rm(id: str, url: Url = None, token: Token = None) -> None:
    """Delete an uploaded data set."""
    with connected(url, token) as client:
        client.delete_dataset(id)


def add_to(app: typer.Typer) -> None:
    commands: list[Callable[..., None]] = [run, resume, ls, show, export]
    for command in commands:
        app.command()(command)
    from dynascope import claiming

    app.add_typer(claiming.app, name="claims")
    data = typer.Typer(no_args_is_help=True, help="Data sets of your own: add, ls, rm.")
    data.command("add")(data_add)
    data.command("ls")(data_ls)
    data.command("rm")(data_rm)
    app.add_typer(data, name="data")


def _wait(client: Client, runs: list[Run], quiet: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        tasks = {one.id: progress.add_task(one.name or one.id, total=client.plan(one.spec)["steps"]) for one in runs}

        def show_all(_: Run) -> None:
            for each in runs:
                progress.update(tasks[each.id], completed=each.refresh().step)

        for one in runs:
            one.wait(watched=show_all)
            progress.update(tasks[one.id], completed=one.step)


def _print(runs: list[Run], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([one.record for one in runs], ensure_ascii=False))
        return
    table = Table("id", "name", "status", "step", "val/loss", "test/loss", "test/accuracy")
    for one in runs:
        values = [one.latest.get(name) for name in ("val/loss", "test/loss", "test/accuracy")]
        table.add_row(one.id, one.name, one.status, f"{one.step:,.0f}", *("" if v is None else f"{v:.4f}" for v in values))
    Console().print(table)


def _read(path: Path | None) -> dict[str, Any]:
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


def _settings(given: list[str] | None) -> Iterator[tuple[str, Any]]:
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


def _put(spec: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        if not isinstance(spec.get(key), dict):
            spec[key] = {}
        spec = spec[key]
    spec[last] = value
