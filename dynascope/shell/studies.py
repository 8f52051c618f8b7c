"""`dynascope study` and `dynascope studies`: studies from a shell."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from dynascope.client import Study
from dynascope.shell.common import (
    AsJson,
    Token,
    Url,
    checked,
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
from dynascope.shell.typed import number, yaml_value

app = typer.Typer(no_args_is_help=True, help="Studies: ls, show, cancel, extend, rm, export. `dynascope study` starts one.")

#: Series shown in the table of cells, if they exist.
SHOWN = ("train/loss", "val/loss", "test/loss", "test/accuracy")
Most = Annotated[int, typer.Option("-n", help="At most so many.", min=1)]


def study(
    file: Annotated[
        Path | None, typer.Argument(help="A JSON or YAML file of a spec, or of a whole study: base, axes, seeds; - for standard input.")
    ] = None,
    axis: Annotated[list[str] | None, typer.Option("--axis", help="A field and its values, as init.name=zeros,kaiming_normal.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A change of the base, as data.batch_size=32.")] = None,
    seeds: Annotated[str | None, typer.Option(help="How many, or which: 5, or 3,7,11.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, with a progress bar and a table.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Run every combination of the axes' values with every seed, on a server, or on a temporary server if none is given.

    Exits with 3 if a run failed, a cell was refused, or the study did not finish normally.
    """
    asked = _asked(file)
    for path, value in settings_of(settings):
        put(asked["base"], path, value)
    asked["axes"] |= dict(_axis(one) for one in axis or [])
    asked |= {key: value for key, value in {"name": name, "seeds": None if seeds is None else _seeds(seeds)}.items() if value is not None}
    if url is None and not wait:
        raise typer.BadParameter("without a server (--url) a study lasts as long as this command: it has to wait", param_hint="--no-wait")
    with ExitStack() as stack:
        if url is None:
            url, token = stack.enter_context(private_server())
        client = stack.enter_context(connected(url, token))
        made = client.study(**asked)
        if wait:
            follow(made, quiet=as_json)
        tell(made, as_json)
        if wait and (made.status != "done" or made.runs["failed"] or made.refused):
            raise typer.Exit(3)


@app.command()
def ls(most: Most = 20, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List studies, the newest first."""
    with connected(url, token) as client:
        found = list(client.studies(most))
    if as_json:
        say_json([one.record for one in found])
        return
    rows = []
    for one in found:
        axes = " × ".join(f"{path} ({len(values)})" for path, values in one.axes.items())
        runs = f"{one.runs['ended']}/{one.runs['total']}"
        rows.append((one.id, one.name, one.status, axes, str(one.record["cells"]), str(len(one.seeds)), runs, str(one.runs["failed"])))
    listing(("id", "name", "status", "axes", "cells", "seeds", "runs", "failed"), rows)


@app.command()
def show(id: str, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show one study: its progress, and the final values of its cells."""
    with connected(url, token) as client:
        tell(client.open_study(id), as_json)


@app.command()
def cancel(id: str, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Stop the running runs of a study; its waiting runs never start."""
    with connected(url, token) as client:
        tell(client.open_study(id).cancel(), as_json)


@app.command()
def extend(
    id: str,
    seeds: Annotated[str, typer.Option(help="How many more, or which: 5, or 3,7,11. With 0 what is missing runs.")],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, with a progress bar and a table.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Add seeds to a study; missing runs of the earlier seeds run too."""
    with connected(url, token) as client:
        one = client.open_study(id).extend(_seeds(seeds))
        if wait:
            follow(one, quiet=as_json)
        tell(one, as_json)


@app.command()
def rm(id: str, url: Url = None, token: Token = None) -> None:
    """Delete a study with its runs."""
    with connected(url, token) as client:
        client.open_study(id).delete()


@app.command()
def export(
    id: str,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; standard output unless told otherwise.")] = None,
    format: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    url: Url = None,
    token: Token = None,
) -> None:
    """Export a table, one row per cell and seed: the axes' values, seed, run, status, every final value."""
    with connected(url, token) as client:
        write(client.open_study(id).export(format), output)


def follow(one: Study, quiet: bool) -> None:
    """Show a progress bar until the study has ended."""
    with progress(quiet) as bars:
        task = bars.add_task(one.name or one.id, total=one.runs["total"], completed=one.runs["ended"])
        one.wait(watched=lambda now: bars.update(task, total=now.runs["total"], completed=now.runs["ended"]))


def tell(one: Study, as_json: bool) -> None:
    if as_json:
        say_json(one.refresh().record)
        return
    runs = one.runs
    failed = f", {runs['failed']} failed" if runs["failed"] else ""
    say(f"{one.name or one.id}  {one.status}: {runs['ended']} of {runs['total']} runs{failed}  {one.record['reason'] or ''}")
    say(one.url)
    names = [name for name in SHOWN if any(name in cell["finals"] for cell in one.cells)]
    rows = []
    for cell in one.cells:
        values = [_word(cell["values"][path]) for path in one.axes]
        finals = [cell["finals"].get(name) for name in names]
        count = max((final["n"] for final in finals if final), default=0)
        why = "; ".join(f"{error['loc']}: {error['msg']}" for error in cell["refused"] or ())
        rows.append((*values, str(count), *map(_mean, finals), why))
    listing((*one.axes, "n", *names, "refused"), rows)


def _mean(final: dict[str, Any] | None) -> str:
    """`mean [low, high]`, with the interval of the mean if there is one."""
    if final is None or final["mean"] is None:
        return ""
    mean, low, high = (number(final[key], 4) for key in ("mean", "low", "high"))
    return mean if final["low"] is None else f"{mean} [{low}, {high}]"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _asked(file: Path | None) -> dict[str, Any]:
    """`base`, `axes` and the other fields of a study's file; if the file is only a spec, it is the base."""
    given = read(file)
    if {"base", "axes"} & set(given):
        unknown = set(given) - {"base", "axes", "seeds", "name", "notes"}
        if unknown:
            raise typer.BadParameter(f"a study has base, axes, seeds, name and notes; there is also {', '.join(sorted(unknown))}")
        return {**given, "base": _object(given, "base", "a spec"), "axes": _axes_of(given)} | _seeds_of(given)
    return {"base": given, "axes": {}}


def _object(given: dict[str, Any], key: str, what: str) -> dict[str, Any]:
    value = given.get(key)
    if value is not None and not isinstance(value, dict):
        raise typer.BadParameter(f"{key} is {json.dumps(value)}; it is {what}: write it as an object")
    return dict(value or {})


def _axes_of(given: dict[str, Any]) -> dict[str, list[Any]]:
    axes = _object(given, "axes", "fields and their values, as init.name: [zeros, kaiming_normal]")
    for path, values in axes.items():
        if not isinstance(values, list):
            raise typer.BadParameter(f"the axis {path} is {json.dumps(values)}; it is a list of values, as [{json.dumps(values)}]")
    return axes


def _seeds_of(given: dict[str, Any]) -> dict[str, Any]:
    seeds = given.get("seeds")
    if "seeds" in given and (isinstance(seeds, bool) or not isinstance(seeds, (int, list))):
        raise typer.BadParameter(f"seeds is {json.dumps(seeds)}; it is a count or a list: write 5, or [3, 7, 11]")
    return {"seeds": seeds} if "seeds" in given else {}


def _axis(given: str) -> tuple[str, list[Any]]:
    """Parse `path=value,value`; values are YAML, so [1, 2] or {name: step} is one value."""
    path, equals, written = given.partition("=")
    try:
        listed = yaml_value(f"[{written}]") if path and equals else None
    except ValueError:
        listed = None
    if not listed:
        raise typer.BadParameter(f"{given!r} is no axis; write it as init.name=zeros,kaiming_normal", param_hint="--axis")
    checked(listed, path, "--axis")
    return path, list(listed)


def _seeds(given: str) -> int | list[int]:
    try:
        return int(given) if "," not in given else [int(seed) for seed in given.split(",") if seed.strip()]
    except ValueError:
        raise typer.BadParameter(f"{given!r} is neither a count nor seeds; write 5, or 3,7,11", param_hint="--seeds") from None
