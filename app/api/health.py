"""Health checks. These two routes are the only ones that answer without a credential."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError

from app.deps import PlannerDep, StoreDep
from app.words.problems import documented, unstored
from dynascope import __version__

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str = "ok"
    version: str = __version__


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses=documented(503))
async def readyz(store: StoreDep, planner: PlannerDep) -> Health:
    """The server can write, and runs can start."""
    try:
        await store.try_writing()
    except DBAPIError as error:
        raise unstored(error) from None
    await planner.try_answering()
    return Health()
