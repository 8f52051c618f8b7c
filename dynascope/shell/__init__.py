"""The REST API from a shell: one file of commands each for runs, data sets, studies and the experiments of the notes."""

import typer

from dynascope.shell import claims, data, many, runs, studies


def add_to(app: typer.Typer) -> None:
    for command in (*runs.COMMANDS, *many.COMMANDS, studies.study):
        app.command()(command)
    for name, group in (("claims", claims.app), ("studies", studies.app), ("data", data.app)):
        app.add_typer(group, name=name)
