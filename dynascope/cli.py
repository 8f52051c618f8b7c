"""The `dynascope` command. The server is loaded by its dotted path, not by an import statement: a client-only install has no server."""

import gc
import importlib
import io
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dynascope import ending
from dynascope.imports import server_folder

#: Errors are plain lines: in a box, lines would be wrapped at the terminal's width, and a pipe has no width.
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def dynascope() -> None:
    """See what happens inside a neural network while it trains."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; 127.0.0.1 unless told otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 8000 unless told otherwise, 0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for runs, database and token; ./data unless told otherwise.")] = None,
    token: Annotated[str | None, typer.Option(help="What guards the server; made at first start where none is given.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error; info unless told otherwise.")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Start the server. Each option is also an environment variable: DYNASCOPE_PORT and so on."""
    sys.path.insert(0, str(server_folder()))
    gc.disable()  # imported objects stay alive; repeated garbage collection takes a fifth of the start time
    try:
        serving = importlib.import_module("app.serving")
    except ModuleNotFoundError as missing:
        typer.echo(f"{missing.name} is not installed: pip install 'dynascope[server]'", err=True)
        raise typer.Exit(2) from None
    gc.freeze()
    gc.enable()
    given: dict[str, Any] = {"host": host, "port": port, "data": data, "token": token, "log_level": log_level}
    try:
        ended_by = serving.serve({key: value for key, value in given.items() if value is not None}, open_browser)
    except serving.CannotServe as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None
    if ended_by is not None:
        ending.by(ended_by)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # if the encoding lacks a character, don't crash
    if sys.argv[1:2] != ["serve"]:  # the client's libraries would take a tenth of the server's start time
        from dynascope.shell import add_to

        add_to(app)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # client commands have to clean up
    app()
