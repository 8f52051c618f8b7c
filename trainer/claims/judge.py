"""Answers the server's questions about experiments: their list, their runs and their outcomes. JSON in, JSON out."""

from pathlib import Path
from typing import Any

from trainer import claims
from trainer.claims import Curve, Found, Ran, statements


def describe(question: dict[str, Any]) -> list[dict[str, Any]]:
    return [claim.describe() for claim in claims.discover().values()]


def noted(question: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements that have experiments."""
    return [statement.describe() for statement in statements.discover().values()]


def specs(question: dict[str, Any]) -> dict[str, Any]:
    """For one seed: arm → spec, and the series of these runs that `measure` reads."""
    claim = claims.discover()[question["claim"]]
    return {"specs": claim.specs(question["seed"]), "reads": list(claim.reads)}


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """For one seed: `values`, `curves` and whether it passes."""
    claim = claims.discover()[question["claim"]]
    found = claim.measure(question["seed"], {arm: _ran(told) for arm, told in question["runs"].items()})
    curves = [{"name": c.name, "x": [float(v) for v in c.x], "y": [float(v) for v in c.y], "right": c.right} for c in found.curves]
    return {"values": {name: float(v) for name, v in found.values.items()}, "curves": curves, "passes": claim.passes(found)}


def outcome(question: dict[str, Any]) -> str:
    """The outcome of all seeds together."""
    claim = claims.discover()[question["claim"]]
    return claim.outcome([Found(found["values"], [Curve(**curve) for curve in found["curves"]]) for found in question["founds"]])


def _ran(told: dict[str, Any]) -> Ran:
    series = {name: (steps, values) for name, (steps, values) in told["series"].items()}
    checkpoint = Path(told["checkpoint"]) if told["checkpoint"] else None
    return Ran(told["id"], told["status"], told["latest"], series, told["events"], checkpoint, told["matrices"])
