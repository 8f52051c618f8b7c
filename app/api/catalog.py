"""What a run can be made of, and what a spec would come to."""

from typing import Any

from fastapi import APIRouter

from app.deps import CatalogueDep, LanguageDep, PlannerDep
from app.words.problems import documented
from app.words.wording import spoken
from trainer.spec import RunSpec

router = APIRouter(tags=["catalog"])


@router.get("/catalog", responses=documented(401, 503))
async def catalog(catalogue: CatalogueDep) -> dict[str, Any]:
    """Every part with its parameters' JSON Schema, its texts in both languages, what it works with; the bins' edges.

    At the very first start the answer waits until torch is imported.
    """
    return await catalogue.wait()


@router.post("/plan", responses=documented(400, 401, 413, 422, 503))
async def plan(spec: RunSpec, planner: PlannerDep, language: LanguageDep) -> dict[str, Any]:
    """A spec → the full spec, layers, shapes, parameters, bytes, warnings. Starts nothing."""
    answer: dict[str, Any] = await planner.ask("plan", spec=spec.model_dump(exclude_unset=True))
    return answer | {"warnings": [spoken(warning, language) for warning in answer["warnings"]]}
