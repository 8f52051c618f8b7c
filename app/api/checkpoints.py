"""What a run can go on from, and runs that do."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.runs import RunCreated
from app.deps import RunsDep
from app.problems import documented
from trainer.spec import Strict

router = APIRouter(prefix="/runs/{id}", tags=["checkpoints"])


class Checkpoint(BaseModel):
    step: float
    file: str
    time: float = Field(description="Seconds since 1970.")


class CheckpointList(BaseModel):
    items: list[Checkpoint]
    next: str | None = None


class ForkRequest(Strict):
    """`at` a step needs a checkpoint there; `now` makes one. `changes` may be structural; none is a run that goes on alike."""

    at: Literal["now"] | Annotated[float, Field(ge=0, le=2**53)] = "now"
    changes: dict[str, Any] = Field(default_factory=dict, max_length=50, description="Dotted path → value.")


@router.get("/checkpoints", responses=documented(401, 404))
async def checkpoints(id: str, runs: RunsDep) -> CheckpointList:
    """Every state of this run that is kept, oldest first. A run keeps its last state when it ends."""
    await runs.record(id)
    return CheckpointList(items=[Checkpoint(**held) for held in await runs.checkpoints(id)])


@router.post("/fork", status_code=201, responses=documented(400, 401, 404, 409, 413, 422, 429, 503))
async def fork(id: str, request: ForkRequest, runs: RunsDep) -> RunCreated:
    """A new run that goes on from that state: same weights where names and shapes allow, optimizer, RNG and data order."""
    record = await runs.fork(id, None if request.at == "now" else request.at, request.changes)
    return RunCreated(id=record["id"], status=record["status"], url=f"/#run={record['id']}", spec=record["spec"])
