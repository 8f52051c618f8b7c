"""The number of runs that can train now."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.deps import RunsDep
from app.words.problems import documented

router = APIRouter(tags=["runs"])


class Slots(BaseModel):
    slots: int = Field(description="Cores that runs may take.")
    used: float = Field(description="The measured share of them that running ones take; one started by hand goes beside those of studies.")
    running: int
    queued: int = Field(description="Runs that wait for room.")


@router.get("/slots", responses=documented(401))
async def slots(runs: RunsDep) -> Slots:
    return Slots(**runs.slots())
