"""Arrays that are read whole: the fitted function, first weights. A name keeps at most MAX_STEPS steps, always the newest."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select

from app.store.schema import matrices
from dynascope.messages import CELL, Matrix, Sent

#: If a name is full, every second of its steps except the newest is deleted.
MAX_STEPS = 160
MAX_CELLS = 1 << 20


@dataclass(frozen=True)
class Stored:
    name: str
    step: float
    values: np.ndarray
    meta: dict[str, Any]

    @classmethod
    def of(cls, message: Matrix) -> "Stored":
        return cls(message.name, message.step, np.frombuffer(message.values, CELL).reshape(message.shape), message.meta)


def check(message: Matrix) -> None:
    """Raises ValueError if shape and values do not agree, or if there are too many values."""
    cells = int(np.prod(message.shape, dtype=np.int64)) if all(0 <= n <= MAX_CELLS for n in message.shape) else -1
    if not 0 < len(message.name) <= 64 or len(message.shape) > 4 or not 0 <= cells <= MAX_CELLS:
        raise ValueError(f"a matrix {message.name[:64]!r} of shape {message.shape[:8]} was sent; at most {MAX_CELLS} cells are allowed")
    if len(message.values) != cells * np.dtype(CELL).itemsize:
        raise ValueError(f"{len(message.values)} bytes were sent for a matrix of shape {message.shape}")
    if not np.isfinite(message.step) or abs(message.step) > 2**53:
        raise ValueError("a step is not a finite number below 2^53")


def fold(connection: Connection, run: str, messages: list[Sent]) -> None:
    names = set()
    for m in messages:
        if isinstance(m, Matrix):
            c = matrices.c
            connection.execute(delete(matrices).where(c.run == run, c.name == m.name, c.step == m.step))
            row = {"run": run, "name": m.name, "step": m.step, "shape": m.shape, "meta": m.meta, "data": m.values}
            connection.execute(insert(matrices).values(**row))
            names.add(m.name)
    for name in names:
        _thin(connection, run, name)


def _thin(connection: Connection, run: str, name: str) -> None:
    c = matrices.c
    where = (c.run == run) & (c.name == name)
    if connection.scalar(select(func.count()).where(where)) > MAX_STEPS:  # type: ignore[operator]
        steps = connection.scalars(select(c.step).where(where).order_by(c.step.desc())).all()
        connection.execute(delete(matrices).where(where, c.step.in_(steps[1::2])))


def nearest(connection: Connection, run: str, tail: list[Sent], name: str, step: float) -> Stored | None:
    """The matrix of that name at the stored step nearest to the requested one; `tail` holds the messages that are not folded yet."""
    c = matrices.c
    found = [Stored.of(m) for m in tail if isinstance(m, Matrix) and m.name == name]
    distance = func.abs(c.step - step)
    row = connection.execute(select(matrices).where(c.run == run, c.name == name).order_by(distance).limit(1)).one_or_none()
    if row is not None:
        found.append(Stored(name, row.step, np.frombuffer(row.data, CELL).reshape(row.shape), row.meta))
    return min(found, key=lambda m: abs(m.step - step), default=None)


def steps(connection: Connection, run: str, tail: list[Sent]) -> dict[str, list[float]]:
    """Name → all stored steps, in order."""
    c = matrices.c
    found = {(row.name, row.step) for row in connection.execute(select(c.name, c.step).where(c.run == run))}
    found |= {(m.name, m.step) for m in tail if isinstance(m, Matrix)}
    held: dict[str, list[float]] = {}
    for name, step in sorted(found):
        held.setdefault(name, []).append(step)
    return held
