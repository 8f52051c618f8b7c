"""The recorded history of a run: received frames, folded into series, pyramids and histograms.

`append` runs for every frame and costs one insert. `fold` moves the gathered frames into the history, about once a
second, in one transaction with `runs.folded`: after a crash nothing is missing and nothing counts twice.
Readers add the frames that are not folded yet, so they always see all stored data.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, select, update

from app.store import matrices, schema
from app.store.columns import Column, histograms_of, series_of
from app.store.pyramid import LAST, START, WIDTHS, Buckets, chunk_of, level_for, unpack_points, width_for
from dynascope.messages import BIN, COUNT, Event, Sent, decode_frame

#: Columns per layer and kind; if they are full, the counts of neighbours are added and each column spans twice the steps.
MAX_COLUMNS = 2048
#: Frames that are kept after folding, so that a page that was disconnected for about 20 s gets exactly the rest.
REPLAY_FRAMES = 400


class OutOfOrder(Exception):
    """A frame that does not follow the stored frames, or belongs to another attempt."""


def append(connection: Connection, run: str, frame: list[Sent], payload: bytes) -> bool:
    """Store a frame; False if all of it is already stored. Raises OutOfOrder on a gap, or if the run was deleted meanwhile."""
    held = connection.execute(select(schema.runs.c.attempt, schema.runs.c.seq).where(schema.runs.c.id == run)).one_or_none()
    if held is None:
        raise OutOfOrder("the run is deleted")
    attempt, seq = held
    first, last = frame[0].seq, frame[-1].seq
    if frame[0].attempt != attempt or first > seq + 1:
        raise OutOfOrder(f"frame {frame[0].attempt}:{first} came after {attempt}:{seq}")
    if last <= seq:
        return False
    if first <= seq:
        raise OutOfOrder(f"frame {first} to {last} is partly stored; frames are sent again whole")
    connection.execute(insert(schema.frames).values(run=run, attempt=attempt, first=first, last=last, payload=payload))
    events = [m for m in frame if isinstance(m, Event)]
    if events:
        rows = [
            {"run": run, "attempt": m.attempt, "seq": m.seq, "step": m.step, "kind": m.kind, "time": m.time, "data": m.data} for m in events
        ]
        connection.execute(insert(schema.events), rows)
    connection.execute(update(schema.runs).where(schema.runs.c.id == run).values(seq=last))
    return True


def fold(connection: Connection, run: str, ended: bool = False) -> None:
    """Move frames into the history. Frames of an ended run are not kept: a page then gets its history."""
    position = _position(connection, run)
    if position is None:
        return
    attempt, seq, folded = position
    messages = list(_unfolded(connection, run, attempt, folded))
    _fold_series(connection, run, messages)
    _fold_histograms(connection, run, messages)
    matrices.fold(connection, run, messages)
    connection.execute(update(schema.runs).where(schema.runs.c.id == run).values(folded=seq))
    f = schema.frames.c
    old = delete(schema.frames).where(f.run == run)
    if not ended:
        newest = select(f.last).where(f.run == run, f.attempt == attempt).order_by(f.last.desc()).limit(1).offset(REPLAY_FRAMES)
        limit = connection.scalar(newest)
        old = old.where((f.attempt < attempt) | (f.last <= (limit if limit is not None else -1)))
    connection.execute(old)


def replay(connection: Connection, run: str, attempt: int, since: int) -> tuple[int, list[Sent]] | None:
    """`(seq, messages after since)`, or None if the frames after `since` were deleted."""
    position = _position(connection, run)
    if position is None or position[0] != attempt or since > position[1]:
        return None
    f = schema.frames.c
    rows = connection.execute(select(f.first, f.payload).where(f.run == run, f.attempt == attempt, f.last > since).order_by(f.last)).all()
    if since < position[1] and (not rows or rows[0].first > since + 1):
        return None
    return position[1], [m for row in rows for m in decode_frame(row.payload) if m.seq > since]


def series_names(connection: Connection, run: str) -> list[str]:
    tail = {name for m in not_folded(connection, run) for name, _, _ in series_of(m)}
    stored = connection.scalars(select(schema.series.c.name).where(schema.series.c.run == run)).all()
    return sorted(tail.union(stored))


def updates_made(connection: Connection, run: str) -> float | None:
    """Steps that a run has certainly completed, from its stored training losses; None before the first."""
    last = [
        row.last
        for row in connection.execute(select(schema.series.c.last).where(schema.series.c.run == run, schema.series.c.name == "train/loss"))
    ]
    last += [
        float(steps[-1])
        for message in not_folded(connection, run)
        for name, steps, _ in series_of(message)
        if name == "train/loss" and len(steps)
    ]
    return max(last) + 1 if last else None


def read_series(
    connection: Connection, run: str, names: Iterable[str], points: int, low: float = -np.inf, high: float = np.inf
) -> dict[str, tuple[int, Buckets]]:
    """`{name: (width, buckets)}` over low ≤ step ≤ high, at most about `points` buckets each; `points=0` returns all."""
    wanted = dict.fromkeys(names)
    tails = _tails(connection, run, wanted)
    stored = _stored_series(connection, run, wanted)
    out = {}
    for name in wanted:
        if name in stored or name in tails:
            out[name] = _read_one(connection, stored.get(name), tails.get(name), points, low, high)
    return out


def read_points(
    connection: Connection, run: str, names: Iterable[str], low: float = -np.inf, high: float = np.inf
) -> dict[str, np.ndarray]:
    """Name → steps and values of every point over low ≤ step ≤ high, float64[2, n]; a name without a series is left out.

    16 bytes per point, twice that while a series' chunks are joined; `read_series` takes 56, because buckets have more columns.
    """
    wanted = dict.fromkeys(names)
    tails = _tails(connection, run, wanted)
    stored = _stored_series(connection, run, wanted)
    return {name: _points(connection, stored.get(name), tails.get(name), low, high) for name in wanted if name in stored or name in tails}


def series_sizes(connection: Connection, run: str) -> dict[str, int]:
    """Name → number of points, for every series, by name."""
    s = schema.series.c
    sizes = {row.name: int(row.points) for row in connection.execute(select(s.name, s.points).where(s.run == run))}
    for message in not_folded(connection, run):
        for name, steps, _ in series_of(message):
            sizes[name] = sizes.get(name, 0) + len(steps)
    return dict(sorted(sizes.items()))


def _stored_series(connection: Connection, run: str, names: Collection[str]) -> dict[str, Row[Any]]:
    s = schema.series.c
    return {row.name: row for row in connection.execute(select(schema.series).where(s.run == run, s.name.in_(names)))}


def _tails(connection: Connection, run: str, names: Collection[str]) -> dict[str, np.ndarray]:
    """Name → steps and values that are not folded yet, float64[2, n]."""
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    for message in not_folded(connection, run):
        for name, steps, values in series_of(message):
            if name in names:
                parts[name].append(np.stack([steps, values]))
    return {name: np.concatenate(held, axis=1) for name, held in parts.items()}


def _points(connection: Connection, row: Row[Any] | None, tail: np.ndarray | None, low: float, high: float) -> np.ndarray:
    parts = [unpack_points(data) for data in _chunks(connection, row, 0, low, high)] if row else []
    parts += [] if tail is None else [tail]
    table = np.concatenate(parts, axis=1) if parts else np.empty((2, 0))
    return table if np.isinf([low, high]).all() else table[:, (table[0] >= low) & (table[0] <= high)]


def _chunks(connection: Connection, row: Row[Any], level: int, low: float, high: float) -> Iterable[bytes]:
    """The stored chunks of a series that may overlap low … high, oldest first."""
    c = schema.chunks.c
    inside = [c.series == row.id, c.level == level]
    if np.isfinite(low):
        inside.append(c.chunk >= int(chunk_of(np.array([low]), level)[0]))
    if np.isfinite(high):
        inside.append(c.chunk <= int(chunk_of(np.array([high]), level)[0]))
    return connection.scalars(select(c.data).where(*inside).order_by(c.chunk))


def _read_one(
    connection: Connection, row: Row[Any] | None, tail: np.ndarray | None, points: int, low: float, high: float
) -> tuple[int, Buckets]:
    count = (row.points if row else 0) + (0 if tail is None else tail.shape[1])
    spans = [(row.first, row.last)] if row else []
    if tail is not None and tail.shape[1]:
        spans.append((float(tail[0].min()), float(tail[0].max())))
    first, last = min((span[0] for span in spans), default=0.0), max((span[1] for span in spans), default=0.0)
    width = 1 if not points or count <= points else width_for(max(first, low), min(last, high), points)
    level = level_for(width)
    # A bucket that begins before `low` may still hold steps of the window.
    begin = np.floor(low / width) * width if np.isfinite(low) else low
    if level == 0:
        buckets = Buckets.of_points(*_points(connection, row, tail, begin, high))
    else:
        parts = [Buckets.unpack(data, level) for data in _chunks(connection, row, level, begin, high)] if row else []
        parts += [] if tail is None else [Buckets.of_points(*tail).coarsen(WIDTHS[level])]
        buckets = Buckets.join(parts).within(begin, high)
    return width, buckets if width == 1 else buckets.coarsen(width)


def read_layers(connection: Connection, run: str, step: float) -> tuple[float | None, dict[str, dict[str, float]]]:
    """`(the measured step nearest to the requested step, {layer: {quantity: value}})`.

    A quantity that is measured less often (dead units: every few epochs) has the value of its last earlier measurement.
    """
    names = [name for name in series_names(connection, run) if name.startswith("layer/")]
    measured = measured_steps(connection, run, names)
    if not len(measured):
        return None, {}
    at = float(measured[np.abs(measured - step).argmin()])
    held = read_series(connection, run, names, 0, at, at)
    older = [name for name in names if name not in held or not len(held[name][1])]
    held |= read_series(connection, run, older, 0, high=at)
    table: dict[str, dict[str, float]] = {}
    for name in names:
        if name in held and len(held[name][1]):
            _, layer, quantity = name.split("/", 2)
            table.setdefault(layer, {})[quantity] = float(held[name][1].table[LAST][-1])
    return at, table


def measured_steps(connection: Connection, run: str, names: list[str]) -> np.ndarray:
    """The measured steps of the first layer's most often measured quantity; `names` comes from `series_names`."""
    first = [name for name in names if name.split("/", 2)[1] == names[0].split("/", 2)[1]]
    return max((points[0] for points in read_points(connection, run, first).values()), key=len, default=np.empty(0))


def read_histograms(connection: Connection, run: str, kind: str, layer: str, low: float = -np.inf, high: float = np.inf) -> list[Column]:
    """The columns of one layer and kind that overlap low … high, oldest first."""
    t, h = schema.tracks.c, schema.histograms.c
    track = connection.scalar(select(t.id).where(t.run == run, t.kind == kind, t.layer == layer))
    out = []
    if track is not None:
        inside = [h.track == track]
        inside += [h.last >= low] if np.isfinite(low) else []
        inside += [h.first <= high] if np.isfinite(high) else []
        out = [_column(row) for row in connection.execute(select(schema.histograms).where(*inside).order_by(h.position))]
    for message in not_folded(connection, run):
        out += [c for k, name, c in histograms_of(message) if k == kind and name == layer and low <= c.first <= high]
    return out


def track_names(connection: Connection, run: str) -> list[tuple[str, str]]:
    """`(kind, layer)` of every histogram, by kind, layers in the order in which they first appeared."""
    t = schema.tracks.c
    stored = [(row.kind, row.layer) for row in connection.execute(select(t.kind, t.layer).where(t.run == run).order_by(t.id))]
    tail = [(kind, layer) for m in not_folded(connection, run) for kind, layer, _ in histograms_of(m)]
    return sorted(dict.fromkeys(stored + tail), key=lambda track: track[0])


def read_matrix(connection: Connection, run: str, name: str, step: float = 2.0**53) -> matrices.Stored | None:
    """The matrix of that name at the stored step nearest to the requested step."""
    return matrices.nearest(connection, run, not_folded(connection, run), name, step)


def read_ends(connection: Connection, runs: list[str], names: Sequence[str]) -> dict[str, dict[str, matrices.Stored]]:
    """Run → name → the newest matrix of that name, if there is one."""
    found: dict[str, dict[str, matrices.Stored]] = {}
    for run in runs:
        tail = not_folded(connection, run)
        held = {name: matrices.nearest(connection, run, tail, name, 2.0**53) for name in names}
        found[run] = {name: stored for name, stored in held.items() if stored is not None}
    return found


def matrix_steps(connection: Connection, run: str) -> dict[str, list[float]]:
    """Name → the steps at which a matrix of that name is stored."""
    return matrices.steps(connection, run, not_folded(connection, run))


def read_events(connection: Connection, run: str) -> list[dict[str, Any]]:
    e = schema.events.c
    rows = connection.execute(select(e.attempt, e.seq, e.step, e.kind, e.time, e.data).where(e.run == run).order_by(e.attempt, e.seq))
    return [dict(row._mapping) for row in rows]


def _position(connection: Connection, run: str) -> tuple[int, int, int] | None:
    r = schema.runs.c
    row = connection.execute(select(r.attempt, r.seq, r.folded).where(r.id == run)).one_or_none()
    return None if row is None else (row.attempt, row.seq, row.folded)


def _unfolded(connection: Connection, run: str, attempt: int, folded: int) -> Iterator[Sent]:
    f = schema.frames.c
    rows = connection.scalars(select(f.payload).where(f.run == run, f.attempt == attempt, f.last > folded).order_by(f.last)).all()
    for payload in rows:
        yield from decode_frame(payload)


def not_folded(connection: Connection, run: str) -> list[Sent]:
    """The data that readers add to the history: the messages of frames that arrived since the last fold."""
    position = _position(connection, run)
    return [] if position is None else list(_unfolded(connection, run, position[0], position[2]))


def _fold_series(connection: Connection, run: str, messages: list[Sent]) -> None:
    gathered: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    for message in messages:
        for name, steps, values in series_of(message):
            gathered[name].append((steps, values))
    new = {name: Buckets.of_points(*(np.concatenate(part) for part in zip(*parts, strict=True))) for name, parts in gathered.items()}
    new = {name: points for name, points in new.items() if len(points)}
    if new:
        ids = _register(connection, run, new)
        for level in range(len(WIDTHS)):
            _merge_level(connection, level, {ids[name]: points for name, points in new.items()})


def _register(connection: Connection, run: str, new: dict[str, Buckets]) -> dict[str, int]:
    s = schema.series.c
    known = {row.name: row for row in connection.execute(select(schema.series).where(s.run == run))}
    grown, fresh = [], []
    for name, points in new.items():
        first, last = float(points.table[START].min()), float(points.table[START].max())
        if name in known:
            row = known[name]
            reach = {"since": min(row.first, first), "until": max(row.last, last), "held": row.points + len(points)}
            grown.append({"of": row.id, **reach})
        else:
            fresh.append({"run": run, "name": name, "first": first, "last": last, "points": len(points)})
    if grown:
        reach = {"first": bindparam("since"), "last": bindparam("until"), "points": bindparam("held")}
        connection.execute(update(schema.series).where(s.id == bindparam("of")).values(reach), grown)
    if fresh:
        connection.execute(insert(schema.series), fresh)
    rows = connection.execute(select(s.name, s.id).where(s.run == run))
    return {row.name: row.id for row in rows if row.name in new}


def _merge_level(connection: Connection, level: int, new: dict[int, Buckets]) -> None:
    """Add points to their chunks of one level: one read and one write for all series together."""
    parts: dict[tuple[int, int], Buckets] = {}
    for key, points in new.items():
        buckets = points if level == 0 else points.coarsen(WIDTHS[level])
        owner = chunk_of(buckets.table[START], level)
        for chunk in np.unique(owner):
            parts[key, int(chunk)] = Buckets(buckets.table[:, owner == chunk])
    c = schema.chunks.c
    keys, chunks, found = list(new), sorted({chunk for _, chunk in parts}), []
    for i in range(0, len(keys), 400):
        # With pairs (series, chunk), SQLite would scan the whole table: two lists use the index, and may find a few more.
        where = and_(c.level == level, c.series.in_(keys[i : i + 400]), c.chunk.in_(chunks))
        for row in connection.execute(select(schema.chunks).where(where)).all():
            if (row.series, row.chunk) in parts:
                merged = Buckets.unpack(row.data, level).then(parts[row.series, row.chunk])
                parts[row.series, row.chunk] = merged if level == 0 else merged.coarsen(WIDTHS[level])
                found.append({"of": row.series, "at": row.chunk})
    if found:
        one = and_(c.level == level, c.series == bindparam("of"), c.chunk == bindparam("at"))
        connection.execute(delete(schema.chunks).where(one), found)
    rows = [{"series": s, "level": level, "chunk": chunk, "data": b.pack(level)} for (s, chunk), b in parts.items()]
    connection.execute(insert(schema.chunks), rows)


def _fold_histograms(connection: Connection, run: str, messages: list[Sent]) -> None:
    gathered: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for message in messages:
        for kind, layer, column in histograms_of(message):
            gathered[kind, layer].append(column)
    for (kind, layer), columns in gathered.items():
        _extend_track(connection, run, kind, layer, columns)


def _extend_track(connection: Connection, run: str, kind: str, layer: str, columns: list[Column]) -> None:
    t, h = schema.tracks.c, schema.histograms.c
    row = connection.execute(select(schema.tracks).where(t.run == run, t.kind == kind, t.layer == layer)).one_or_none()
    if row is None:
        new = insert(schema.tracks).values(run=run, kind=kind, layer=layer, stride=1, columns=0).returning(t.id)
        track, stride, count = connection.execute(new).scalar_one(), 1, 0
    else:
        track, stride, count = row.id, row.stride, row.columns
    held: list[Column] = []
    if count:  # the last column may still have room for measured steps
        last = connection.execute(select(schema.histograms).where(h.track == track, h.position == count - 1)).one()
        held, count = [_column(last)], count - 1
    for column in columns:
        if held and held[-1].measured < stride:
            held[-1] = held[-1].add(column)
        else:
            held.append(column)
    if count + len(held) > MAX_COLUMNS:
        before = connection.execute(select(schema.histograms).where(h.track == track, h.position < count).order_by(h.position))
        held, count = [_column(r) for r in before] + held, 0
        while len(held) > MAX_COLUMNS:
            held, stride = _pairs(held), stride * 2
    connection.execute(delete(schema.histograms).where(h.track == track, h.position >= count))
    connection.execute(insert(schema.histograms), [_stored(track, count + i, column) for i, column in enumerate(held)])
    connection.execute(update(schema.tracks).where(t.id == track).values(stride=stride, columns=count + len(held)))


def _pairs(columns: list[Column]) -> list[Column]:
    return [columns[i].add(columns[i + 1]) if i + 1 < len(columns) else columns[i] for i in range(0, len(columns), 2)]


def _column(row) -> Column:  # type: ignore[no-untyped-def]
    return Column(row.first, row.last, row.measured, np.frombuffer(row.bins, BIN), np.frombuffer(row.counts, COUNT))


def _stored(track: int, position: int, c: Column) -> dict[str, object]:
    body = {"first": c.first, "last": c.last, "measured": c.measured, "bins": c.bins.tobytes(), "counts": c.counts.tobytes()}
    return {"track": track, "position": position, **body}
