"""The resident process for questions that need torch: the catalogue, a plan, a check of a live change.

Questions and answers are JSON over a pipe, so neither side can be made to unpickle anything.
"""

import contextlib
import json
import signal
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dynascope.sentence import pack, say
from trainer import checkpoint, code, expand, plan, registry
from trainer.cause import cause_of
from trainer.claims import judge
from trainer.spec import FieldError, RunSpec, dotted, words_of


def main(pipe: Connection, preloaded: bool) -> None:
    """Answers `{"id", "op", ...}` with `{"id", "ok": ...}` or `{"id", "errors": [...]}` until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, ConnectionError):
        pipe.send_bytes(json.dumps({"id": 0, "ok": {"preloaded": preloaded}}).encode())
        while True:
            question = json.loads(pipe.recv_bytes())
            pipe.send_bytes(json.dumps(pack({"id": question["id"], **_answer(question)})).encode())


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    registry.discover()
    try:
        return {"ok": _OPERATIONS[question["op"]](question)}
    except plan.PlanError as refused:
        return {"errors": [error.model_dump() for error in refused.errors]}
    except ValidationError as refused:
        return {"errors": [FieldError(loc=dotted(e["loc"]), msg=words_of(e), got=e["input"]).model_dump() for e in refused.errors()]}
    except Exception as error:  # noqa: BLE001  an error in one part must not end the planner
        broken = "".join(f"; {file} can't be used: {why}" for file, why in list(registry.broken().items())[:1])
        return {"failed": cause_of(error) + broken, "traceback": traceback.format_exc()}


def _plan(question: dict[str, Any]) -> dict[str, Any]:
    return plan.plan(RunSpec.model_validate(question["spec"])).describe()


def _changes(question: dict[str, Any]) -> dict[str, Any]:
    return plan.check_changes(RunSpec.model_validate(question["spec"]), question["changes"]).model_dump()


def _fork(question: dict[str, Any]) -> dict[str, Any]:
    """The plan of a run that continues at `step`, with any changes."""
    return plan.plan_fork(RunSpec.model_validate(question["spec"]), question["changes"], question["step"]).describe()


def _resume(question: dict[str, Any]) -> dict[str, Any]:
    """The plan of the same run, continuing at `step` from a checkpoint's file if there is one."""
    about = None
    if question["checkpoint"]:
        try:
            about = checkpoint.read(Path(question["checkpoint"]))[0]
        except checkpoint.Unreadable as unreadable:
            msg = say("{unreadable}; give the step of another checkpoint as `at`, or 0 to begin anew", unreadable=unreadable)
            raise plan.PlanError([FieldError(loc="at", msg=msg, got=question["step"])]) from None
    return plan.plan_resume(RunSpec.model_validate(question["spec"]), question["changes"], question["step"], about).describe()


def _code(question: dict[str, Any]) -> str:
    return code.script(RunSpec.model_validate(question["spec"]), question["changes"], question["steps"])


def _study(question: dict[str, Any]) -> dict[str, Any]:
    """A study's base with its defaults; axes that name no field are refused."""
    return expand.base_of(RunSpec.model_validate(question["base"]), question["axes"]).model_dump()


def _cells(question: dict[str, Any]) -> list[dict[str, Any]]:
    return expand.cells(RunSpec.model_validate(question["base"]), question["axes"], question["first"])


_OPERATIONS = {
    "ping": lambda question: True,
    "catalog": lambda question: plan.catalog(),
    "plan": _plan,
    "changes": _changes,
    "fork": _fork,
    "resume": _resume,
    "code": _code,
    "study": _study,
    "study_cells": _cells,
    "claims": judge.describe,
    "claim_statements": judge.noted,
    "claim_specs": judge.specs,
    "claim_measure": judge.measure,
    "claim_outcome": judge.outcome,
}
