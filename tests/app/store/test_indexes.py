"""What a run costs must not depend on how many others are stored: no statement of its life looks through a whole table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, event

from app.store import history, records, studies, study_series
from app.store.rewind import rewind
from dynascope.sinks.batch import Batch
from tests.app.sending import RUN, append, counted, database, losses

#: Tables with rows of every run. (A list that is searched for a word does look through `runs`.)
LARGE = ("frames", "events", "series", "chunks", "tracks", "histograms", "matrices", "cells", "runs")


@contextmanager
def told(engine: Engine) -> Iterator[dict[str, Any]]:
    """Each statement that is executed, with values for it."""
    statements: dict[str, Any] = {}

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        statements[statement] = parameters[0] if many else parameters

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def live(connection: Any) -> None:
    """A run from its first frame to its deletion, read as the page, a study and a resume read it."""
    batch = Batch(RUN, 1)
    for start in (0, 100, 200):
        append(connection, losses(batch, range(start, start + 100), np.linspace(0, 1, 100)))
        batch.scalars(start, {f"layer{i}/weight/norm": 1.0 for i in range(100)})  # many keys: for one, SQLite always finds an index
        append(connection, counted(batch, start, np.linspace(-1, 1, 50)))
        batch.matrix(start, "classes", np.ones((2, 3)), {"kind": "classes"})
        batch.event(start, "checkpoint", {"file": f"{start}"})
        append(connection, batch.drain())
        if start < 200:
            history.fold(connection, RUN)
    records.by_token(connection, RUN)
    history.replay(connection, RUN, 1, 0)
    history.series_names(connection, RUN)
    history.updates_made(connection, RUN)
    history.read_series(connection, RUN, ["train/loss"], 0)
    history.read_series(connection, RUN, ["train/loss"], 10, 50, 150)
    history.read_points(connection, RUN, ["train/loss"], 50, 150)
    history.series_sizes(connection, RUN)
    history.read_layers(connection, RUN, 50)
    history.track_names(connection, RUN)
    history.read_histograms(connection, RUN, "activation", "hidden1")
    history.read_matrix(connection, RUN, "classes")
    history.read_ends(connection, [RUN], ["classes"])
    history.matrix_steps(connection, RUN)
    history.read_events(connection, RUN)
    records.active(connection)
    records.page(connection, 50, (1.0, RUN), None, None, None, None)
    study_series.read(connection, "study", "train/loss", 100)
    study_series.last_values(connection, "study", ["train/loss"])
    for read in (studies.cells_of, studies.planned, studies.runs_of, studies.cells_of_runs, studies.active_runs):
        read(connection, "study")
    studies.counts(connection, ["study"])
    rewind(connection, RUN, 2, 150.0, False, {})
    history.fold(connection, RUN, ended=True)
    records.change(connection, RUN, {"status": "finished"})
    records.remove(connection, [RUN])


def test_no_statement_of_a_runs_life_looks_through_a_whole_table(tmp_path: Path) -> None:
    with database(tmp_path) as store:
        with told(store._writing) as statements, store._writing.begin() as connection:
            live(connection)
        assert len(statements) > 40
        scans = {}
        with store._reading.begin() as connection:
            for statement, parameters in statements.items():
                if not statement.startswith(("SELECT", "UPDATE", "DELETE")):
                    continue
                plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                bad = [line for line in plan if re.fullmatch(rf"SCAN ({'|'.join(LARGE)})", line)]
                if bad:
                    scans[statement] = bad
        assert scans == {}
