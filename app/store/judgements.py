"""What came of experiments: one row each time that one is run."""

from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from app.store.schema import judgements


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(judgements).values(**row))


def change(connection: Connection, id: str, values: dict[str, Any]) -> None:
    connection.execute(update(judgements).where(judgements.c.id == id).values(**values))


def one(connection: Connection, id: str) -> dict[str, Any] | None:
    row = connection.execute(select(judgements).where(judgements.c.id == id)).one_or_none()
    return None if row is None else dict(row._mapping)


def of(connection: Connection, claim: str) -> list[dict[str, Any]]:
    """The newest first."""
    query = select(judgements).where(judgements.c.claim == claim).order_by(judgements.c.created.desc())
    return [dict(row._mapping) for row in connection.execute(query)]


def newest(connection: Connection) -> dict[str, dict[str, Any]]:
    """Claim → its newest row."""
    return {row.claim: dict(row._mapping) for row in connection.execute(select(judgements).order_by(judgements.c.created))}


def counts(connection: Connection) -> dict[str, int]:
    """Claim → how many times it was run."""
    query = select(judgements.c.claim, func.count()).group_by(judgements.c.claim)
    return {row[0]: row[1] for row in connection.execute(query)}


def by_status(connection: Connection) -> dict[str, int]:
    query = select(judgements.c.status, func.count()).group_by(judgements.c.status)
    return {row[0]: row[1] for row in connection.execute(query)}


def interrupt(connection: Connection) -> None:
    """Whatever was going on when the server last ended."""
    values = {"status": "interrupted", "reason": "the server ended while it ran; run it again"}
    connection.execute(update(judgements).where(judgements.c.status.in_(("queued", "running"))).values(**values))
