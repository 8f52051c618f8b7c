"""`dynascope claims`: the experiments of the notes from a shell."""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from dynascope.client import Client
from dynascope.shell.common import AsJson, Token, Url, connected, listing, private_server, progress, say_json, write
from dynascope.shell.typed import number

app = typer.Typer(no_args_is_help=True, help="The notes' statements as experiments that judge themselves.")
ENDED = ("done", "failed", "cancelled", "interrupted")


@app.command()
def run(
    ids: Annotated[list[str] | None, typer.Argument(help="E1, E2, ...; --all for every one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every experiment.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Two seeds instead of ten.")] = False,
    seed: Annotated[int | None, typer.Option(help="The first seed; without it, seeds that the server has not used.", min=0)] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Run experiments on a server, or on a temporary server if none is given. Exits with 3 if an experiment could not be judged."""
    if bool(ids) == everything:
        raise typer.BadParameter("name experiments, or give --all", param_hint="IDS")
    with ExitStack() as stack:
        if url is None:
            url, token = stack.enter_context(private_server())
        client = stack.enter_context(connected(url, token))
        wanted = [item["experiment"]["id"] for item in client.claims(curves=False)] if everything else list(ids or [])
        for id in wanted:
            client.run_claim(id, quick=quick, seed=seed)
        rows = [_row(one["experiment"], one["judgements"][0]) for one in _wait(client, wanted, quiet=as_json)]
        _print(client, rows, as_json)
        if any(row["status"] != "done" for row in rows):
            raise typer.Exit(3)


@app.command()
def ls(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the current verdict of each experiment, and the result of its newest run if it differs."""
    with connected(url, token) as client:
        rows = []
        for item in client.claims(curves=False):
            newest, standing = item["judgement"], item["standing"]
            other = newest if standing and newest["id"] != standing["id"] else None
            rows.append(_row(item["experiment"], standing or newest) | {"newest": other and _attempt(other)})
        _print(client, rows, as_json)


@app.command()
def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")],
    lang: Annotated[str, typer.Option(help="en or ko.")] = "en",
    url: Url = None,
    token: Token = None,
) -> None:
    """Write every statement and the result of every experiment on a server to one HTML file, to read or print."""
    with connected(url, token) as client:
        text = client.claims_report(lang)
    write([text.encode()], output)


def _wait(client: Client, ids: list[str], quiet: bool) -> list[dict[str, Any]]:
    with progress(quiet) as bars:
        tasks = {id: bars.add_task(id, total=None, start=False) for id in ids}
        left = list(ids)
        while left:
            for id in list(left):
                newest = client.claim(id, curves=False, most=1)["judgements"][0]
                if newest["status"] != "queued":
                    bars.start_task(tasks[id])
                bars.update(tasks[id], total=len(newest["seeds"]), completed=len(newest["founds"]))
                if newest["status"] in ENDED:
                    bars.stop_task(tasks[id])
                    left.remove(id)
                elif newest["status"] == "queued":
                    break  # later experiments are queued too
            time.sleep(0.5 if left else 0)
    return [client.claim(id, curves=False, most=1) for id in ids]


def _print(client: Client, rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        statements = [_statement(one, rows) for one in client.statements()]
        say_json({"experiments": rows, "statements": statements}, indent=1)
        return
    cells = []
    for row in rows:
        numbers = ", ".join(f"{name} {number(value, 4)}" for name, value in row["values"].items() if value is not None)
        outcome = _came_to(row) + (f"; newest: {_came_to(row['newest'])}" if row.get("newest") else "")
        took = "" if row["seconds"] is None else f"{row['seconds']:.0f}"
        cells.append((row["id"], row["label"]["en"], outcome, f"{row['passed']}/{row['of']}", numbers, took))
    listing(("id", "experiment", "outcome", "seeds", "numbers (median over seeds)", "s"), cells)


def _came_to(told: dict[str, Any]) -> str:
    if told["status"] != "done":
        return f"{told['status']}: {told['reason']}" if told["reason"] else str(told["status"])
    return f"{told['outcome']} (2 seeds)" if told["quick"] else str(told["outcome"])


def _attempt(judgement: dict[str, Any]) -> dict[str, Any]:
    """The result of one run of an experiment; `outcome` is None unless the run is done."""
    founds, done = judgement["founds"], judgement["status"] == "done"
    return {
        "status": judgement["status"],
        "reason": judgement["reason"],
        "outcome": judgement["outcome"] if done else None,
        "quick": judgement["quick"],
        "passed": sum(found["passes"] for found in founds),
        "of": len(judgement["seeds"]),
        "seeds": judgement["seeds"],
    }


def _row(experiment: dict[str, Any], judgement: dict[str, Any] | None) -> dict[str, Any]:
    """One line of the table."""
    row = {
        "id": experiment["id"],
        "label": experiment["label"],
        "criterion": experiment["criterion"],
        "statements": experiment["statements"],
    }
    if judgement is None:
        return row | {
            "status": "never run",
            "reason": None,
            "outcome": None,
            "quick": False,
            "passed": 0,
            "of": 0,
            "seeds": [],
            "values": {},
            "seconds": None,
        }
    names = [bound["name"] for bound in experiment["bounds"]]
    seconds = None if None in (judgement["started"], judgement["ended"]) else judgement["ended"] - judgement["started"]
    values = {name: _median([found["values"].get(name) for found in judgement["founds"]]) for name in names}
    return row | _attempt(judgement) | {"values": values, "seconds": seconds}


def _statement(told: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The status of a statement, and the result of each of its experiments in `rows`; `if_shown`: the effect of a success on it."""
    bearing = [row for row in rows if row["id"] in told["experiments"]]
    named = ("id", "outcome", "quick", "passed", "of")
    found = [{"if_shown": row["statements"].get(str(told["number"])), **{name: row[name] for name in named}} for row in bearing]
    return {"number": told["number"], "status": told["status"], "noted": told["noted"], "correct": told["correct"], "experiments": found}


def _median(values: list[float | None]) -> float | None:
    held = [value for value in values if value is not None]
    return median(held) if held else None
