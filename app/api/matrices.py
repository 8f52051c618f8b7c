"""Arrays that a run sends whole: the loss of each class, how often each example was visited, the fitted function."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.function import Grid, grid
from app.deps import RunsDep, StoreDep
from app.store import history
from app.words.problems import Problem, documented
from dynascope.sentence import say

router = APIRouter(prefix="/runs/{id}/matrices", tags=["matrices"])


class MatrixInfo(BaseModel):
    name: str
    steps: list[float] = Field(description="Those that are stored; of a long run every few.")


class MatrixList(BaseModel):
    items: list[MatrixInfo]
    next: str | None = None


@router.get("", responses=documented(401, 404))
async def matrices(id: str, runs: RunsDep, store: StoreDep) -> MatrixList:
    """Every matrix that this run has sent, by name.

    `classes` is classes × (val/loss, val/accuracy, val/examples, train/loss, train/accuracy, train/examples), in eval mode.
    It uses as many training examples as validation has, and at the end all of them (at most 20,000); meta.unit is the unit of the loss.
    `visits` is how often each training example was in a batch (the first 65,536 of them; meta has the minimum, the maximum and
    the total over all, and says that validation and test have no visits).
    """
    await runs.record(id)
    held = await store.read(history.matrix_steps, id)
    return MatrixList(items=[MatrixInfo(name=name, steps=steps) for name, steps in held.items()])


@router.get("/{name}", responses=documented(401, 404, 422))
async def matrix(id: str, name: str, runs: RunsDep, store: StoreDep, step: Annotated[float | None, Query(ge=0, le=2**53)] = None) -> Grid:
    """The matrix at the stored step nearest to `step`; by default, the newest."""
    await runs.record(id)
    found = grid(await store.read(history.read_matrix, id, name, 2.0**53 if step is None else step))
    if found is None:
        held = ", ".join(await store.read(history.matrix_steps, id)) or "none yet"
        raise Problem(404, say("this run has no matrix {name}; it has: {held}", name=repr(name[:64]), held=held))
    return found
