"""The notes in reading order: sections, their statements, and each experiment once, behind the first statement that names it."""

from itertools import groupby
from typing import Any

Told = dict[str, Any]

#: What is true of a statement: a sign beside the word, so that neither colour nor shape says it alone.
STATUS_SIGNS = {"true": "✓", "false": "✕", "contested": "◐", "imprecise": "≈"}
#: What a run showed of a criterion: other signs and other words than a status has.
OUTCOME_SIGNS = {"shown": "▲", "contradicted": "▼", "inconclusive": "◇"}


def sections(statements: list[Told], experiments: list[Told]) -> list[Told]:
    """`title`, and `statements` with `shows`: the experiments that stand behind it. What no statement names comes last."""
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
