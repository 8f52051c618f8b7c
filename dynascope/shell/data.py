"""`dynascope data`: uploaded data sets from a shell."""

from pathlib import Path
from typing import Annotated

import typer

from dynascope.shell.common import AsJson, Token, Url, connected, listing, say, say_json

app = typer.Typer(no_args_is_help=True, help="Data sets of your own: add, ls, rm.")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV, Parquet or NPZ file.")],
    target: Annotated[str | None, typer.Option(help="The column to learn; the last unless told otherwise.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression; found out unless told otherwise.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is called; the file's name unless told otherwise.")] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Upload a file as a data set, and print a summary of its contents."""
    with connected(url, token) as client:
        found = client.upload(file, target, task, name)
    if as_json:
        say_json(found)
        return
    classes = f", {len(found['classes'])} classes: {', '.join(found['classes'][:10])}" if found["classes"] else ""
    say(f"{found['id']}  {found['name']}: {found['rows']:,} rows, {found['task']} of {found['target']!r}{classes}")
    for one in found["ignored"]:
        say(f"  {one['column']!r} is not used: {one['why']}")
    for note in found["notes"]:
        say(f"  {note}")
    say(f"  use it:  --set data.name={found['format']} --set data.params.id={found['id']}")


@app.command()
def ls(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List uploaded data sets, the newest first."""
    with connected(url, token) as client:
        found = client.datasets()
    if as_json:
        say_json(found)
        return
    rows = [(one["id"], one["name"], one["format"], f"{one['rows']:,}", one["task"], one["target"], f"{one['bytes']:,}") for one in found]
    listing(("id", "name", "data set", "rows", "task", "target", "bytes"), rows)


@app.command()
def rm(id: str, url: Url = None, token: Token = None) -> None:
    """Delete an uploaded data set."""
    with connected(url, token) as client:
        client.delete_dataset(id)
