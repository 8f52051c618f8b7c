"""A run as a plain PyTorch script."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from app.deps import PlannerDep, RunsDep, StoreDep
from app.runs.lineage import lineage
from app.words.problems import documented

router = APIRouter(prefix="/runs/{id}", tags=["runs"])


@router.get(
    "/code",
    response_class=PlainTextResponse,
    responses={200: {"description": "The script.", "content": {"text/x-python": {}}}, **documented(401, 404, 409, 422, 503)},
)
async def code(id: str, runs: RunsDep, store: StoreDep, planner: PlannerDep) -> PlainTextResponse:
    """A one-page script that does the same training, with the live changes. It needs only torch, numpy and scikit-learn."""
    text: str = await planner.ask("code", **await lineage(store, await runs.record(id), runs.record))
    name = f"dynascope-{id}.py"
    return PlainTextResponse(text, media_type="text/x-python", headers={"Content-Disposition": f'inline; filename="{name}"'})
