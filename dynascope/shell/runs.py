"""`dynascope run, resume, ls, show, export`: runs from a shell."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from dynascope.client import Client, Run
from dynascope.client.waiting import patiently
from dynascope.shell.common import (
    AsJson,
    Token,
    Url,
    connected,
    listing,
    private_server,
    progress,
    put,
    read,
    say,
    say_json,
    settings_of,
    write,
)
from dynascope.shell.typed import number


def run(
    spec: Annotated[Path | None, typer.Argument(help="A JSON or YAML file, - for standard input; without one, the defaults.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A change of the spec, as data.batch_size=32.")] = None,
    seeds: Annotated[int, typer.Option(help="How many runs, with the spec's seed and those after it.", min=1, max=1000)] = 1,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, with a progress bar and a table.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Start runs on a server, or on a temporary server if none is given."""
    base = read(spec)
    for path, value in settings_of(settings):
        put(base, path, value)
    first = base.get("seed", 0)
    if not isinstance(first, int) or isinstance(first, bool):
        raise typer.BadParameter(f"seed is {first!r}; it is a whole number: write seed=3", param_hint="--set")
    private = url is None
    if private and not wait:
        raise typer.BadParameter("without a server (--url) a run lasts as long as this command: it has to wait", param_hint="--no-wait")
    with ExitStack() as stack:
        if private:
            url, token = stack.enter_context(private_server())
        client = stack.enter_context(connected(url, token))
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
    """Show one run: its state, its newest values and its diagnoses."""
    with connected(url, token) as client:
        one = client.run(id)
        if as_json:
            say_json(one.record, indent=2)
            return
        say(f"{one.name or one.id}  {one.status} at step {one.step:,.0f}  {one.record['end_reason'] or ''}")
        say(one.url)
        for finding in one.diagnosis:
            where = f" in {finding['layer']}" if finding.get("layer") else ""
            evidence = ", ".join(f"{name} {number(value)}" for name, value in finding["evidence"].items())
            say(f"⚠ {finding['rule']}{where} since step {number(finding['since'])}: {evidence}")
        listing(("series", "newest"), [(name, number(value)) for name, value in sorted(one.latest.items())])


def resume(
    id: str,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A change, as stop.max_epochs=40.")] = None,
    at: Annotated[float | None, typer.Option(help="A checkpoint's step; the newest unless told otherwise.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, with a progress bar and a table.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Continue a run after its end, from a checkpoint, as if it had never ended."""
    changes = dict(settings_of(settings))
    if "at" in changes:
        raise typer.BadParameter(f"'at={changes['at']}' is no field of a spec; a checkpoint's step is given as --at", param_hint="--set")
    with connected(url, token) as client:
        one = client.run(id).resume_with(changes, at)
        if wait:
            _wait(client, [one], quiet=as_json)
        _print([one], as_json)
        if wait and one.status in ("failed", "diverged", "interrupted"):
            raise typer.Exit(3)


def export(
    id: str,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; standard output unless told otherwise.")] = None,
    format: Annotated[str, typer.Option(help="csv, parquet, tensorboard (a zip) or html (one file that replays the run).")] = "csv",
    language: Annotated[str, typer.Option("--lang", help="Of html: en or ko.")] = "en",
    url: Url = None,
    token: Token = None,
) -> None:
    """Export a run as a file: every point of every series, an event file for TensorBoard, or a page that needs no server."""
    with connected(url, token) as client:
        write(client.run(id).export(format, language), output)


COMMANDS: tuple[Callable[..., None], ...] = (run, resume, ls, show, export)


def _wait(client: Client, runs: list[Run], quiet: bool) -> None:
    with progress(quiet) as bars:
        tasks = {one.id: bars.add_task(one.name or one.id, total=_steps(client, one)) for one in runs}

        def show_all(_: Run) -> None:
            for each in runs:
                bars.update(tasks[each.id], completed=each.refresh().step)

        for one in runs:
            one.wait(watched=show_all)
            bars.update(tasks[one.id], completed=one.step)


def _steps(client: Client, one: Run) -> float | None:
    return patiently(lambda: client.plan(one.spec))["steps"]


def _print(runs: list[Run], as_json: bool) -> None:
    if as_json:
        say_json([one.record for one in runs])
        return
    shown = ("val/loss", "test/loss", "test/accuracy")
    rows = []
    for one in runs:
        values = [number(one.latest[name], 4) if name in one.latest else "" for name in shown]
        rows.append((one.id, one.name, one.status, number(one.step), *values))
    listing(("id", "name", "status", "step", *shown), rows)
