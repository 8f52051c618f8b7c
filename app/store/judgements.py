"""Results of experiments: one row for each execution."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from app.store.schema import judgements
from app.store.sentences import merged, split
from dynascope.sentence import say

GOING = ("queued", "running")
_NEWEST = judgements.c.created.desc()
#: Judgements of all ten seeds come before a quick look.
_STANDING = (judgements.c.quick, _NEWEST)


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(judgements).values(**split(row)))


def change(connection: Connection, id: str, values: dict[str, Any]) -> None:
    connection.execute(update(judgements).where(judgements.c.id == id).values(**split(values)))


def one(connection: Connection, id: str) -> dict[str, Any] | None:
    row = connection.execute(select(judgements).where(judgements.c.id == id)).one_or_none()
    return None if row is None else merged(row._mapping)


def of(connection: Connection, claim: str, most: int) -> list[dict[str, Any]]:
    """At most this many rows of the experiment, the newest first."""
    query = select(judgements).where(judgements.c.claim == claim).order_by(_NEWEST).limit(most)
    return [merged(row._mapping) for row in connection.execute(query)]


def going(connection: Connection, claim: str) -> dict[str, Any] | None:
    """The row with status queued or running."""
    query = select(judgements).where(judgements.c.claim == claim, judgements.c.status.in_(GOING)).order_by(_NEWEST)
    row = connection.execute(query).first()
    return None if row is None else merged(row._mapping)


def seeds(connection: Connection, claim: str) -> set[int]:
    """Every seed with which this experiment was started."""
    query = select(judgements.c.seeds).where(judgements.c.claim == claim)
    return {seed for row in connection.execute(query) for seed in row[0]}


def newest(connection: Connection, claim: str | None = None) -> dict[str, dict[str, Any]]:
    """Claim → its newest row."""
    return _first(connection, claim, (_NEWEST,))


def standing(connection: Connection, claim: str | None = None) -> dict[str, dict[str, Any]]:
    """Claim → the newest row that is done with all seeds; if there is none, the newest that is done."""
    return _first(connection, claim, _STANDING, judgements.c.status == "done")


def _first(
    connection: Connection, claim: str | None, order: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
) -> dict[str, dict[str, Any]]:
    """Claim → the first of its rows in this order. No other row is read."""
    place = func.row_number().over(partition_by=judgements.c.claim, order_by=order)
    ranked = select(judgements.c.id, place.label("place")).where(*conditions)
    if claim is not None:
        ranked = ranked.where(judgements.c.claim == claim)
    held = ranked.subquery()
    query = select(judgements).join(held, held.c.id == judgements.c.id).where(held.c.place == 1)
    return {row.claim: merged(row._mapping) for row in connection.execute(query)}


def counts(connection: Connection) -> dict[str, int]:
    """Claim → how many times it was started."""
    query = select(judgements.c.claim, func.count()).where(judgements.c.started.is_not(None)).group_by(judgements.c.claim)
    return {row[0]: row[1] for row in connection.execute(query)}


def by_status(connection: Connection) -> dict[str, int]:
    query = select(judgements.c.status, func.count()).group_by(judgements.c.status)
    return {row[0]: row[1] for row in connection.execute(query)}


def interrupt(connection: Connection) -> None:
    """Mark the judgements that were in progress when the server last ended as interrupted."""
    values = {"status": "interrupted", "reason": say("the server ended while it ran; run it again")}
    connection.execute(update(judgements).where(judgements.c.status.in_(GOING)).values(**split(values)))
