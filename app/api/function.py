"""The function that a run has fitted, over a grid, or the weights of its first layer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.deps import RunsDep, StoreDep
from app.store import history
from app.store.matrices import Stored
from app.words.problems import documented

router = APIRouter(prefix="/runs/{id}", tags=["function"])


class Grid(BaseModel):
    """An array at one step."""

    step: float
    shape: list[int]
    values: list[float | None] = Field(description="Flat, the last axis fastest; null where a value is not finite.")
    meta: dict[str, Any] = Field(
        description="kind: boundary, surface, curve, weights, classes or visits; axes: each input's span; columns: what they hold; "
        "classes; image: rows and columns of a picture."
    )


class Function(BaseModel):
    """The fitted function for one or two inputs; for more, the weights of the first layer's units."""

    function: Grid | None = Field(description="Null where nothing is measured yet.")
    points: Grid | None = Field(description="The examples to draw with it, a row each; meta.columns names the columns.")


@router.get("/function", responses=documented(401, 404, 422))
async def function(id: str, runs: RunsDep, store: StoreDep, step: Annotated[float | None, Query(ge=0, le=2**53)] = None) -> Function:
    """The function at the stored step nearest to `step`; by default, the newest. For a long run, only every few steps are stored."""
    await runs.record(id)
    at = 2.0**53 if step is None else step
    found = [await store.read(history.read_matrix, id, name, at) for name in ("function", "weights", "points")]
    return Function(function=grid(found[0] or found[1]), points=grid(found[2]))


def grid(stored: Stored | None) -> Grid | None:
    if stored is None:
        return None
    values = [v if v - v == 0 else None for v in stored.values.ravel().tolist()]
    return Grid(step=stored.step, shape=list(stored.values.shape), values=values, meta=stored.meta)
