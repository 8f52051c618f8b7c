"""One series over all runs of a study, on common buckets: one query for all runs instead of several per run."""

import numpy as np
from sqlalchemy import Connection, func, select

from app.store import history
from app.store.columns import series_of
from app.store.pyramid import COUNT, LAST, START, SUM, Buckets, level_for, width_for
from app.store.records import ACTIVE
from app.store.schema import chunks, runs, series

Points = tuple[np.ndarray, np.ndarray]


def read(connection: Connection, study: str, name: str, points: int) -> tuple[int, dict[str, Points]]:
    """`(width, {run: (steps, values)})`: the mean of the finite values of each bucket of `width` steps, NaN if there is none.

    The width is the least power of two with which no run has more than about `points` buckets.
    """
    s, r = series.c, runs.c
    tails = {run: _tail(connection, run, name) for run in connection.scalars(select(r.id).where(r.study == study, r.status.in_(ACTIVE)))}
    where = (r.study == study) & (s.name == name)
    spans = connection.execute(select(s.first, s.last, s.points).join(runs, s.run == r.id).where(where)).all()
    extents = [(row.first, row.last, row.points) for row in spans]
    extents += [(float(t.table[START].min()), float(t.table[START].max()), len(t)) for t in tails.values() if len(t)]
    if not extents:
        return 1, {}
    first, last, most = min(e[0] for e in extents), max(e[1] for e in extents), max(e[2] for e in extents)
    width = 1 if most <= points else width_for(first, last, points)
    level = level_for(width)
    c = chunks.c
    query = select(s.run, c.data).join(series, c.series == s.id).join(runs, s.run == r.id).where(where, c.level == level)
    parts: dict[str, list[Buckets]] = {}
    for row in connection.execute(query.order_by(s.run, c.chunk)):
        parts.setdefault(row.run, []).append(Buckets.unpack(row.data, level))
    for run, tail in tails.items():
        if len(tail):
            parts.setdefault(run, []).append(tail)
    return width, {run: _means(Buckets.join(held), width) for run, held in parts.items()}


def _means(buckets: Buckets, width: int) -> Points:
    table = (buckets if width == 1 else buckets.coarsen(width)).table
    with np.errstate(invalid="ignore", divide="ignore"):
        return table[START], np.where(table[COUNT] > 0, table[SUM] / table[COUNT], np.nan)


def _tail(connection: Connection, run: str, name: str) -> Buckets:
    """The points of a running run that are not folded yet."""
    held = [Buckets.of_points(steps, values) for m in history.not_folded(connection, run) for n, steps, values in series_of(m) if n == name]
    return Buckets.join(held)


def last_values(connection: Connection, study: str, names: list[str]) -> dict[str, dict[str, float]]:
    """Run → name → the newest stored value of a series, for ended runs: all their frames are folded."""
    s, r, c = series.c, runs.c, chunks.c
    of_study = select(s.id, s.run, s.name).join(runs, s.run == r.id).where(r.study == study, s.name.in_(names)).subquery()
    last = select(c.series, func.max(c.chunk).label("chunk")).where(c.level == 0, c.series.in_(select(of_study.c.id)))
    newest = last.group_by(c.series).subquery()
    query = (
        select(of_study.c.run, of_study.c.name, c.data)
        .select_from(of_study)
        .join(newest, newest.c.series == of_study.c.id)
        .join(chunks, (c.series == newest.c.series) & (c.level == 0) & (c.chunk == newest.c.chunk))
    )
    out: dict[str, dict[str, float]] = {}
    for row in connection.execute(query):
        table = Buckets.unpack(row.data, 0).table
        out.setdefault(row.run, {})[row.name] = float(table[LAST, -1])
    return out
