"""`dynascope claims`: the notes' experiments from a shell."""

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dynascope.client import Client
from dynascope.shell.common import AsJson, Token, Url, connected, private_server, progress, write

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
    """Run experiments on a server; where none is named, on one of this command's own. Ends with 3 where one could not be judged."""
    if bool(ids) == everything:
        raise typer.BadParameter("name experiments, or give --all", param_hint="IDS")
    with ExitStack() as stack:
        if url is None:
            url, token = stack.enter_context(private_server())
        client = stack.enter_context(connected(url, token))
        wanted = [item["experiment"]["id"] for item in client.claims()] if everything else list(ids or [])
        for id in wanted:
            client.run_claim(id, quick=quick, seed=seed)
        told = _wait(client, wanted, quiet=as_json)
        _print(client, told, as_json)
        if any(one["judgements"][0]["status"] != "done" for one in told):
            raise typer.Exit(3)


@app.command()
def ls(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """What came of each experiment's newest run."""
    with connected(url, token) as client:
        items = client.claims()
        told = [{"experiment": i["experiment"], "judgements": [i["judgement"]] if i["judgement"] else []} for i in items]
        _print(client, told, as_json)


@app.command()
def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")],
    lang: Annotated[str, typer.Option(help="en or ko.")] = "en",
    url: Url = None,
    token: Token = None,
) -> None:
    """Every statement and what came of every experiment on a server, as one HTML file to read or print."""
    with connected(url, token) as client:
        text = client.claims_report(lang)
    write([text.encode()], output)


def _wait(client: Client, ids: list[str], quiet: bool) -> list[dict[str, Any]]:
    with progress(quiet) as bars:
        tasks = {id: bars.add_task(id, total=None, start=False) for id in ids}
        left = list(ids)
        while left:
            for id in list(left):
                newest = client.claim(id)["judgements"][0]
                if newest["status"] != "queued":
                    bars.start_task(tasks[id])
                bars.update(tasks[id], total=len(newest["seeds"]), completed=len(newest["founds"]))
                if newest["status"] in ENDED:
                    bars.stop_task(tasks[id])
                    left.remove(id)
                elif newest["status"] == "queued":
                    break  # so do those behind it
            time.sleep(0.5 if left else 0)
    return [client.claim(id) for id in ids]


def _print(client: Client, told: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        rows = [_row(one) for one in told]
        statements = [_statement(one, rows) for one in client.statements()]
        typer.echo(json.dumps({"experiments": rows, "statements": statements}, ensure_ascii=False, indent=1))
        return
    table = Table("", "experiment", "outcome", "seeds", "numbers (median over seeds)", "s")
    for one in told:
        row = _row(one)
        numbers = "\n".join(f"{name} {value:.4g}" for name, value in row["values"].items() if value is not None)
        outcome = row["outcome"] if row["status"] == "done" else f"{row['status']}: {row['reason'] or ''}"
        took = "" if row["seconds"] is None else f"{row['seconds']:.0f}"
        table.add_row(row["id"], row["label"]["en"], outcome, f"{row['passed']}/{row['of']}", numbers, took)
    Console().print(table)


def _row(told: dict[str, Any]) -> dict[str, Any]:
    """One line of the table: of the newest run of an experiment."""
    experiment = told["experiment"]
    row = {
        "id": experiment["id"],
        "label": experiment["label"],
        "criterion": experiment["criterion"],
        "statements": experiment["statements"],
    }
    if not told["judgements"]:
        return row | {
            "status": "never run",
            "reason": None,
            "outcome": None,
            "passed": 0,
            "of": 0,
            "seeds": [],
            "values": {},
            "seconds": None,
        }
    newest = told["judgements"][0]
    names = [bound["name"] for bound in experiment["bounds"]]
    seconds = None if None in (newest["started"], newest["ended"]) else newest["ended"] - newest["started"]
    return row | {
        "status": newest["status"],
        "reason": newest["reason"],
        "outcome": newest["outcome"],
        "passed": sum(found["passes"] for found in newest["founds"]),
        "of": len(newest["seeds"]),
        "seeds": newest["seeds"],
        "values": {name: _median([found["values"].get(name) for found in newest["founds"]]) for name in names},
        "seconds": seconds,
    }


def _statement(told: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What is true of a statement, and what each of its experiments that were asked about showed; `if_shown`: what that does to it."""
    bearing = [row for row in rows if row["id"] in told["experiments"]]
    found = [{"id": row["id"], "if_shown": row["statements"].get(str(told["number"])), "outcome": row["outcome"]} for row in bearing]
    return {"number": told["number"], "status": told["status"], "noted": told["noted"], "correct": told["correct"], "experiments": found}


def _median(values: list[float | None]) -> float | None:
    held = sorted(value for value in values if value is not None)
    return held[len(held) // 2] if held else None
