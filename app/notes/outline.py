"""The notes in reading order: sections, their statements, and each experiment once, after the first statement that names it."""

from itertools import groupby
from typing import Any

Told = dict[str, Any]

#: The signs of a statement's status, shown beside the word, so that the status does not depend on colour or shape alone.
STATUS_SIGNS = {"true": "✓", "false": "✕", "contested": "◐", "imprecise": "≈"}
#: The signs of an experiment's outcome: different signs and words from those of a status.
OUTCOME_SIGNS = {"shown": "▲", "contradicted": "▼", "inconclusive": "◇"}


def sections(statements: list[Told], experiments: list[Told]) -> list[Told]:
    """`title`, and `statements` with `shows`: the experiments that follow it. Experiments that no statement names come last."""
    left = {experiment["id"]: experiment for experiment in experiments}
    known = dict(left)
    found: list[Told] = []
    for _, members in groupby(statements, key=lambda told: told["section"]["en"]):
        listed = []
        for told in members:
            names = [id for id in told["experiments"] if id in known]
            shows = [left.pop(id) for id in names if id in left]
            listed.append({**told, "shows": shows, "names": [known[id] for id in names]})
        found.append({"key": f"part{len(found) + 1}", "title": listed[0]["section"], "statements": listed, "shows": []})
    return found + ([{"key": "more", "title": None, "statements": [], "shows": list(left.values())}] if left else [])


def tally(statements: list[Told]) -> dict[str, int]:
    """Status → how many statements have it."""
    return {status: sum(told["status"] == status for told in statements) for status in STATUS_SIGNS}
