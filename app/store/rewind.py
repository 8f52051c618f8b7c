"""A run that resumes from an earlier step as its next attempt: the records of the old attempt from that step on are deleted."""

import time
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from app.store import schema
from app.store.pyramid import LAST, START, WIDTHS, Buckets, chunk_of
from app.store.sentences import split

#: Kinds of events at the step itself that stay, because they made the state there; other kinds followed from it.
STATE = ("control", "checkpoint", "forked", "labels_replaced", "resumed")


def rewind(connection: Connection, run: str, attempt: int, step: float, anew: bool, told: dict[str, Any]) -> dict[str, float | None]:
    """Reset the history to `step`, number the next attempt and store the reason, in one transaction; returns the newest kept values.

    `anew`: nothing is restored, so the run sends everything again except the changes that were made.
    """
    told = told | {"started": _starts(connection, run)}
    latest = _cut_series(connection, run, step)
    _cut_histograms(connection, run, step)
    m, e, r = schema.matrices.c, schema.events.c, schema.runs.c
    connection.execute(delete(schema.matrices).where(m.run == run, m.step >= step))
    connection.execute(delete(schema.frames).where(schema.frames.c.run == run))
    later = (e.step > step) | ((e.step == step) & e.kind.not_in(STATE))
    if anew:
        later = later | e.kind.not_in(("control", "resumed"))
    connection.execute(delete(schema.events).where(e.run == run, later))
    event = {"run": run, "attempt": attempt, "seq": 0, "step": step, "kind": "resumed", "time": time.time(), "data": told}
    connection.execute(insert(schema.events).values(**event))
    begun = {"status": "queued", "end_reason": None, "ended": None, "pid": None, "pid_started": None}
    counted = {"attempt": attempt, "seq": 0, "folded": 0, "step": step, "latest": latest, "diagnosis": []}
    connection.execute(update(schema.runs).where(r.id == run).values(**split(begun), **counted))
    return latest


def _starts(connection: Connection, run: str) -> dict[str, float]:
    """Attempt → the time when its worker was started, for every attempt so far: the run's record holds only the newest."""
    e, r = schema.events.c, schema.runs.c
    before = select(e.data).where(e.run == run, e.kind == "resumed").order_by(e.attempt.desc()).limit(1)
    told = (connection.scalar(before) or {}).get("started", {})
    row = connection.execute(select(r.attempt, r.started).where(r.id == run)).one()
    return told if row.started is None else {**told, str(row.attempt): row.started}


def _cut_series(connection: Connection, run: str, step: float) -> dict[str, float | None]:
    """Delete points from `step` on, level by level; returns the newest value that stays of each of the run's own series."""
    s, c = schema.series.c, schema.chunks.c
    reaching = {row.id: row for row in connection.execute(select(schema.series).where(s.run == run, s.last >= step))}
    last: dict[int, Buckets] = {}
    for level in range(len(WIDTHS)):
        first = int(chunk_of(np.array([step]), level)[0])
        where = (c.level == level) & (c.chunk >= first) & c.series.in_(select(s.id).where(s.run == run, s.last >= step))
        held = {
            row.series: Buckets.unpack(row.data, level)
            for row in connection.execute(select(schema.chunks).where(where, c.chunk == first)).all()
        }
        connection.execute(delete(schema.chunks).where(where))
        rows = []
        for key in reaching:
            kept = _before(held.get(key), last.get(key), step, level)
            last[key] = kept
            if len(kept):
                rows.append({"series": key, "level": level, "chunk": first, "data": kept.pack(level)})
        if rows:
            connection.execute(insert(schema.chunks), rows)
    for key in reaching:
        _recount(connection, key)
    return newest(connection, run)


def _before(held: Buckets | None, finer: Buckets | None, step: float, level: int) -> Buckets:
    """The buckets of a chunk that end before `step`; the bucket that contains it is made again from the finer level."""
    width = WIDTHS[level]
    edge = np.floor(step / width) * width
    whole = Buckets.join([held] if held is not None else []).within(-np.inf, np.nextafter(edge, -np.inf))
    if level == 0 or finer is None:
        return whole
    rest = finer.within(edge, np.inf)
    return whole.then(rest.coarsen(width)) if len(rest) else whole


def _recount(connection: Connection, key: int) -> None:
    s, c = schema.series.c, schema.chunks.c
    where = (c.series == key) & (c.level == 0)
    lengths = connection.scalar(select(func.sum(func.length(c.data))).where(where))
    if not lengths:
        connection.execute(delete(schema.series).where(s.id == key))
        return
    newest = Buckets.unpack(connection.scalars(select(c.data).where(where).order_by(c.chunk.desc()).limit(1)).one(), 0)
    values = {"points": int(lengths) // 16, "last": float(newest.table[START].max())}
    connection.execute(update(schema.series).where(s.id == key).values(**values))


def newest(connection: Connection, run: str) -> dict[str, float | None]:
    """The newest folded value of each series of the run itself, without its layers' series."""
    s, c = schema.series.c, schema.chunks.c
    found: dict[str, float | None] = {}
    for row in connection.execute(select(s.id, s.name).where(s.run == run, s.name.not_like("layer/%"))).all():
        last = select(c.data).where(c.series == row.id, c.level == 0).order_by(c.chunk.desc()).limit(1)
        table = Buckets.unpack(connection.scalars(last).one(), 0).table
        value = float(table[LAST, -1])
        found[row.name] = value if np.isfinite(value) else None
    return found


def _cut_histograms(connection: Connection, run: str, step: float) -> None:
    """A column that spans `step` is deleted as a whole: its counts can't be separated."""
    t, h = schema.tracks.c, schema.histograms.c
    tracks = connection.scalars(select(t.id).where(t.run == run)).all()
    if not tracks:
        return
    connection.execute(delete(schema.histograms).where(h.track.in_(tracks), h.last >= step))
    counted = connection.execute(select(h.track, func.count()).where(h.track.in_(tracks)).group_by(h.track))
    left = {row[0]: row[1] for row in counted}
    for track in tracks:
        connection.execute(update(schema.tracks).where(t.id == track).values(columns=left.get(track, 0)))
