"""Studies and their cells. The progress of a study is read from its runs, and is stored nowhere else."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from app.store.records import ACTIVE
from app.store.schema import cells, runs, studies
from app.store.sentences import merged, split
from dynascope.sentence import pack, unpack

PRIVATE = ("request_key", "request_hash")


def add(connection: Connection, study: dict[str, Any], made: list[dict[str, Any]]) -> None:
    """`made`: the cells in order, as `trainer.expand.cells` returns them."""
    connection.execute(insert(studies).values(**split(study)))
    connection.execute(
        insert(cells), [{"study": study["id"], "index": i, **cell, "refused": pack(cell["refused"])} for i, cell in enumerate(made)]
    )


def one(connection: Connection, id: str) -> dict[str, Any] | None:
    row = connection.execute(select(studies).where(studies.c.id == id)).one_or_none()
    return None if row is None else _public(row)


def page(connection: Connection, limit: int, before: tuple[float, str] | None) -> list[dict[str, Any]]:
    """Newest first."""
    s = studies.c
    query = select(studies).order_by(s.created.desc(), s.id.desc()).limit(limit)
    if before:
        query = query.where(or_(s.created < before[0], (s.created == before[0]) & (s.id < before[1])))
    return [_public(row) for row in connection.execute(query)]


def going(connection: Connection) -> list[str]:
    """Ids of studies that are not over, the oldest first."""
    return list(connection.scalars(select(studies.c.id).where(studies.c.status == "running").order_by(studies.c.created)))


def by_request(connection: Connection, key: str) -> tuple[str, str] | None:
    """`(study, hash of the request)` of an idempotency key."""
    row = connection.execute(select(studies.c.id, studies.c.request_hash).where(studies.c.request_key == key)).one_or_none()
    return None if row is None else (row.id, row.request_hash)


def change(connection: Connection, id: str, values: dict[str, Any]) -> bool:
    return connection.execute(update(studies).where(studies.c.id == id).values(**split(values))).rowcount == 1


def remove(connection: Connection, id: str) -> bool:
    return connection.execute(delete(studies).where(studies.c.id == id)).rowcount == 1


def cells_of(connection: Connection, id: str) -> list[dict[str, Any]]:
    """`index`, `values` and `refused` of each cell, in order."""
    c = cells.c
    rows = connection.execute(select(c.index, c["values"], c.refused).where(c.study == id).order_by(c.index))
    return [{"index": row.index, "values": row._mapping["values"], "refused": unpack(row.refused)} for row in rows]


def cell(connection: Connection, id: str, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """`(values, full spec with the base's seed)` of a cell that was not refused."""
    c = cells.c
    row = connection.execute(select(c["values"], c.spec).where(c.study == id, c.index == index)).one()
    return row._mapping["values"], row.spec


def planned(connection: Connection, id: str) -> list[int]:
    """Indices of the cells that can be run."""
    return list(connection.scalars(select(cells.c.index).where(cells.c.study == id, cells.c.refused.is_(None)).order_by(cells.c.index)))


def runs_of(connection: Connection, id: str) -> list[dict[str, Any]]:
    """`run`, `cell`, `seed`, `status`, `end_reason`, `attempt` and `latest` of each run of a study, by cell and seed."""
    r = runs.c
    seed = r.spec["seed"].as_integer()
    query = select(r.id, r.cell, seed.label("seed"), r.status, r.end_reason, r.end_sentence, r.attempt, r.latest).where(r.study == id)
    rows = connection.execute(query.order_by(r.cell, seed, r.created))
    return [{"run": row.id, **{k: v for k, v in merged(row._mapping).items() if k != "id"}} for row in rows]


def cells_of_runs(connection: Connection, id: str) -> dict[str, int]:
    """Run → its cell, by cell and seed."""
    r = runs.c
    rows = connection.execute(select(r.id, r.cell).where(r.study == id).order_by(r.cell, r.spec["seed"].as_integer(), r.created))
    return {row.id: row.cell for row in rows}


def by_status(connection: Connection) -> dict[str, int]:
    """Status → how many studies have it."""
    return {row[0]: row[1] for row in connection.execute(select(studies.c.status, func.count()).group_by(studies.c.status))}


def counts(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Study → `cells`, the number of valid cells (`planned`), and its runs by status (`runs`)."""
    out: dict[str, dict[str, Any]] = {id: {"cells": 0, "planned": 0, "runs": {}} for id in ids}
    c, r = cells.c, runs.c
    for row in connection.execute(select(c.study, func.count(), func.count(c.spec)).where(c.study.in_(ids)).group_by(c.study)):
        out[row[0]] |= {"cells": row[1], "planned": row[2]}
    for row in connection.execute(select(r.study, r.status, func.count()).where(r.study.in_(ids)).group_by(r.study, r.status)):
        out[row[0]]["runs"][row[1]] = row[2]
    return out


def active_runs(connection: Connection, id: str) -> list[str]:
    return list(connection.scalars(select(runs.c.id).where(runs.c.study == id, runs.c.status.in_(ACTIVE))))


def _public(row: Row[Any]) -> dict[str, Any]:
    return {key: value for key, value in merged(row._mapping).items() if key not in PRIVATE}
