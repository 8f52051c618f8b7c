"""The runs table: the record of one run, lists of records, and updates."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, delete, insert, or_, select, update

from app.store.schema import runs
from app.store.sentences import merged, split

PRIVATE = ("ingest_hash", "request_key", "request_hash", "pid_started", "folded")
ACTIVE = ("queued", "starting", "running", "paused")


def one(connection: Connection, run: str) -> dict[str, Any] | None:
    """A run's record without the server's internal fields."""
    row = connection.execute(select(runs).where(runs.c.id == run)).one_or_none()
    return None if row is None else _public(row._mapping)


def existing(connection: Connection, ids: Iterable[str]) -> list[str]:
    wanted = list(ids)
    found = set(connection.scalars(select(runs.c.id).where(runs.c.id.in_(wanted))))
    return [run for run in dict.fromkeys(wanted) if run in found]


def add(connection: Connection, record: dict[str, Any]) -> None:
    connection.execute(insert(runs).values(**split(record)))


def change(connection: Connection, run: str, values: dict[str, Any]) -> bool:
    return connection.execute(update(runs).where(runs.c.id == run).values(**split(values))).rowcount == 1


def change_all(connection: Connection, ids: list[str], values: dict[str, Any]) -> None:
    connection.execute(update(runs).where(runs.c.id.in_(ids)).values(**split(values)))


def remove(connection: Connection, ids: list[str]) -> int:
    """Delete runs and, by the foreign keys, everything stored about them. Returns how many there were."""
    return connection.execute(delete(runs).where(runs.c.id.in_(ids))).rowcount


def by_request(connection: Connection, key: str) -> tuple[str, str] | None:
    """`(run, hash of the request)` of an idempotency key."""
    row = connection.execute(select(runs.c.id, runs.c.request_hash).where(runs.c.request_key == key)).one_or_none()
    return None if row is None else (row.id, row.request_hash)


def by_token(connection: Connection, token_hash: str) -> str | None:
    """The run whose trainer has this token, if it has not ended."""
    where = (runs.c.ingest_hash == token_hash) & runs.c.status.in_(ACTIVE)
    return connection.scalar(select(runs.c.id).where(where))


def active(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(select(runs).where(runs.c.status.in_(ACTIVE)).order_by(runs.c.created))
    return [merged(row._mapping) for row in rows]


def page(
    connection: Connection,
    limit: int,
    before: tuple[float, str] | None,
    status: str | None,
    tag: str | None,
    q: str | None,
    study: str | None,
) -> list[dict[str, Any]]:
    """Newest first. A tag must match completely, `q` anywhere in name or notes."""
    query = select(runs).where(*_like(status, tag, q, study)).order_by(runs.c.created.desc(), runs.c.id.desc()).limit(limit)
    if before:
        query = query.where(or_(runs.c.created < before[0], (runs.c.created == before[0]) & (runs.c.id < before[1])))
    return [_public(row._mapping) for row in connection.execute(query)]


def ids(connection: Connection, limit: int, status: str | None, tag: str | None, q: str | None, study: str | None) -> list[str]:
    """Ids of the runs that `page` returns page by page, newest first."""
    query = select(runs.c.id).where(*_like(status, tag, q, study)).order_by(runs.c.created.desc(), runs.c.id.desc())
    return list(connection.scalars(query.limit(limit)))


def _like(status: str | None, tag: str | None, q: str | None, study: str | None) -> list[ColumnElement[bool]]:
    wanted = [
        (status, runs.c.status == status),
        (tag, cast(runs.c.tags, String).contains(json.dumps(tag), autoescape=True)),
        (q, or_(runs.c.name.icontains(q or "", autoescape=True), runs.c.notes.icontains(q or "", autoescape=True))),
        (study, runs.c.study == study),
    ]
    return [clause for given, clause in wanted if given]


def _public(row: Any) -> dict[str, Any]:
    return {key: value for key, value in merged(row).items() if key not in PRIVATE}
