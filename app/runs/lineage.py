"""The origin of a run: the spec of its first ancestor, and all later changes with their steps."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from app.runs.active import changes_of, with_changes
from app.store import history
from app.store.database import Store
from app.words.problems import Problem
from dynascope.sentence import say

#: The most forks of forks that are followed.
DEEPEST = 50
NAMES = ("name", "tags", "notes")


async def lineage(store: Store, record: dict[str, Any], one: Callable[[str], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """`{"spec", "changes": [[step, {path: value}]], "steps"}`; `one(id)` returns a record, and raises Problem if it was deleted."""
    changes: list[list[Any]] = []
    steps = record["step"] if record["ended"] and record["status"] != "failed" else None
    sets = await _sets(store, record)
    for _ in range(DEEPEST):
        changes = [[e["step"], changes_of(e)] for e in sets] + changes
        if record["parent"] is None:
            return {"spec": record["spec"], "changes": changes, "steps": steps}
        try:
            parent = await one(record["parent"])
        except Problem as gone:
            raise Problem(
                409, say("this run was forked from {parent}, which is deleted: how it began is not known", parent=record["parent"])
            ) from gone
        step, when = record["forked_at"], record["created"]
        sets = [e for e in await _sets(store, parent) if e["step"] <= step and e["time"] <= when]
        before = dict(_flat(with_changes(parent["spec"], sets)))
        difference = {path: value for path, value in _flat(record["spec"]) if before.get(path) != value and path not in NAMES}
        changes = [[step, difference], *changes] if difference else changes
        record = parent
    raise Problem(409, say("this run is a fork of more than {most} forks", most=DEEPEST))


async def _sets(store: Store, record: dict[str, Any]) -> list[dict[str, Any]]:
    """The changes of the run itself, as they were applied."""
    return [e for e in await store.read(history.read_events, record["id"]) if changes_of(e)]


def _flat(spec: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in spec.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
