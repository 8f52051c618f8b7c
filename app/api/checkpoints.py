"""The checkpoints of a run, and runs that resume or fork from them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.runs import RunCreated
from app.deps import PrefixDep, RunsDep
from app.runs.resuming import AS_IT_IS, CHANGED, point_of
from app.words.problems import documented
from trainer.spec import Strict

router = APIRouter(prefix="/runs/{id}", tags=["checkpoints"])


class Checkpoint(BaseModel):
    step: float
    file: str
    automatic: bool = Field(description="Made by the run itself on its way; only the newest few of these stay.")
    time: float = Field(description="Seconds since 1970.")


class ResumePoint(BaseModel):
    """The state from which `POST resume` continues if `at` is not given."""

    step: float
    file: str | None = Field(description="Null: there is no checkpoint, the run would begin anew.")
    needs_changes: bool = Field(description="It would end at once, or alike: more epochs, more patience or another rate are needed.")


class CheckpointList(BaseModel):
    items: list[Checkpoint]
    next: str | None = None
    resume: ResumePoint | None = Field(description="Null where the run has not ended.")


class ResumeRequest(Strict):
    """`at` is the step of a checkpoint, or the run's beginning; by default, the newest checkpoint. `changes` may hold live fields and
    `stop.early`; live changes made after that step are made again at the same steps, unless `changes` names the field."""

    at: Annotated[float, Field(ge=0, le=2**53)] | None = None
    changes: dict[str, Any] = Field(default_factory=dict, max_length=50, description="Dotted path → value.")


class Resumed(RunCreated):
    attempt: int
    step: float = Field(description="Where it goes on. What was recorded from there on is replaced.")


class ForkRequest(Strict):
    """An `at` step needs a checkpoint there; `now` makes one. `changes` may be structural; without changes, the fork trains identically."""

    at: Literal["now"] | Annotated[float, Field(ge=0, le=2**53)] = "now"
    changes: dict[str, Any] = Field(default_factory=dict, max_length=50, description="Dotted path → value.")


@router.get("/checkpoints", responses=documented(401, 404))
async def checkpoints(id: str, runs: RunsDep) -> CheckpointList:
    """Every stored checkpoint of this run, oldest first. A run keeps its last state when it ends."""
    record, held = await runs.record(id), await runs.checkpoints(id)
    resume = None
    if record["status"] in AS_IT_IS + CHANGED:
        step, file = point_of(record, held, None)
        resume = ResumePoint(step=step, file=file, needs_changes=record["status"] in CHANGED)
    return CheckpointList(items=[Checkpoint(**one) for one in held], resume=resume)


@router.post("/resume", responses=documented(400, 401, 404, 409, 413, 422, 429, 503))
async def resume(id: str, request: ResumeRequest, runs: RunsDep, prefix: PrefixDep) -> Resumed:
    """Resume the same run as its next attempt, bitwise as if it had never ended.

    A run that was stopped, interrupted or failed resumes as it is; one that finished or diverged needs changes. A run without a
    checkpoint starts again from the beginning. Everything recorded from that step on is replaced.
    """
    record = await runs.resume(id, request.at, request.changes)
    named = {key: record[key] for key in ("id", "status", "spec", "attempt", "step")}
    return Resumed(url=f"{prefix}/#run={id}", **named)


@router.post("/fork", status_code=201, responses=documented(400, 401, 404, 409, 413, 422, 429, 503))
async def fork(id: str, request: ForkRequest, runs: RunsDep, prefix: PrefixDep) -> RunCreated:
    """Start a new run from that state: the same weights where names and shapes allow, the same optimizer, RNG and data order."""
    record = await runs.fork(id, None if request.at == "now" else request.at, request.changes)
    return RunCreated(id=record["id"], status=record["status"], url=f"{prefix}/#run={record['id']}", spec=record["spec"])
