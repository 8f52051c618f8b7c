"""The `dynascope` command. The server is reached by dotted path, never by import: an installed client has no server."""

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

#: Errors in plain lines: in a box they would be broken at the terminal's width, and a pipe has none.
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
    gc.disable()  # what importing makes stays; to look through it for garbage again and again is a fifth of the start
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
            stream.reconfigure(errors="replace")  # a name in Korean or a sign is worth no crash where the stream has no such letter
    if sys.argv[1:2] != ["serve"]:  # the client's libraries would be a tenth of the server's start
        from dynascope.shell import add_to

        add_to(app)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # it has things to put away
    app()
