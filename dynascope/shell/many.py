"""`dynascope stop, rm`: for runs given by id, or for all runs that match conditions."""

import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from dynascope.client import Client
from dynascope.shell.common import AsJson, Token, Url, connected, progress, say, say_json

#: Runs per request: few enough that the progress bar keeps moving.
AT_ONCE = 50
ACTIVE = ("queued", "starting", "running", "paused")
ENDED = ("finished", "stopped", "diverged", "failed", "interrupted")

Ids = Annotated[list[str] | None, typer.Argument(help="Ids, as `dynascope ls` lists them.")]
Status = Annotated[str | None, typer.Option(help="All that are queued, running, finished, ...")]
Tag = Annotated[str | None, typer.Option(help="All with this tag.")]
OfStudy = Annotated[str | None, typer.Option("--study", help="All of the study with this id.")]
Text = Annotated[str | None, typer.Option(help="All with this in their name or notes.")]


def stop(
    ids: Ids = None,
    status: Status = None,
    tag: Tag = None,
    study: OfStudy = None,
    q: Text = None,
    everything: Annotated[bool, typer.Option("--all", help="All that have not ended.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Stop runs, including queued ones. A run must match all given conditions. Exits with 1 if a run could not be stopped."""
    if status in ENDED:
        raise typer.BadParameter(f"a run that is {status} has ended; one that can be stopped is {', '.join(ACTIVE)}", param_hint="--status")
    with connected(url, token) as client:
        chosen = _chosen(client, ids, _like(status, tag, study, q), everything, [status] if status else ACTIVE)
        _do(client, "stop", chosen, as_json)


def rm(
    ids: Ids = None,
    status: Status = None,
    tag: Tag = None,
    study: OfStudy = None,
    q: Text = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run there is.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete several without a question.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Delete runs with all their recorded data. A run must match all given conditions. Exits with 1 if a run could not be deleted."""
    with connected(url, token) as client:
        chosen = _chosen(client, ids, _like(status, tag, study, q), everything, [status])
        if len(chosen) > 1 and not yes:
            _ask(len(chosen))
        _do(client, "delete", chosen, as_json)


COMMANDS: tuple[Callable[..., None], ...] = (stop, rm)


def _like(status: str | None, tag: str | None, study: str | None, q: str | None) -> dict[str, str]:
    if status is not None and status not in ACTIVE + ENDED:
        raise typer.BadParameter(f"{status!r} is no status; a run is {', '.join(ACTIVE + ENDED)}", param_hint="--status")
    given = {"status": status, "tag": tag, "study": study, "q": q}
    return {key: value for key, value in given.items() if value is not None}


def _chosen(client: Client, ids: list[str] | None, like: dict[str, str], everything: bool, statuses: Any) -> list[str]:
    ways = [bool(ids), bool(like), everything]
    if sum(ways) != 1:
        what = "nothing is chosen" if not any(ways) else "ids, conditions and --all exclude one another"
        raise typer.BadParameter(f"{what}: name runs, or give --status, --tag, --study or --q, or --all")
    if ids:
        return list(dict.fromkeys(ids))
    return [id for status in statuses for id in client.run_ids(**like | ({"status": status} if status else {}))]


def _ask(count: int) -> None:
    """Ask for confirmation; ends the command unless the user answers yes."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"this would delete {count:,} runs, and nobody is there to ask: give --yes", param_hint="--yes")
    typer.confirm(f"Delete {count:,} runs with all that was recorded of them?", abort=True, err=True)


def _do(client: Client, action: Literal["stop", "delete"], ids: list[str], as_json: bool) -> None:
    done: list[str] = []
    refused: list[dict[str, Any]] = []
    with progress(as_json) as bars:
        task = bars.add_task({"stop": "stopping", "delete": "deleting"}[action], total=len(ids), visible=len(ids) > 1)
        for i in range(0, len(ids), AT_ONCE):
            answer = client.bulk(action, ids[i : i + AT_ONCE])
            done += answer["done"]
            refused += answer["refused"]
            bars.update(task, completed=len(done) + len(refused))
    if as_json:
        say_json({"done": done, "refused": refused})
    else:
        word = {"stop": "stopped", "delete": "deleted"}[action]
        say(f"{len(done):,} {word}" if ids else "no run is like that")
        for one in refused:
            typer.echo(f"{one['id']}: {one['detail']}", err=True)
    if refused:
        raise typer.Exit(1)
