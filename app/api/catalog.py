"""What a run can be made of, and what a spec would come to."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.answers import packed
from app.deps import CatalogueDep, LanguageDep, PlannerDep
from app.words.problems import documented
from app.words.wording import spoken
from trainer.spec import RunSpec

router = APIRouter(tags=["catalog"])


@router.get("/catalog", response_model=dict[str, Any], responses=documented(401, 503))
async def catalog(request: Request, catalogue: CatalogueDep) -> Response:
    """Every part with its parameters' JSON Schema, its texts in both languages, what it works with; the bins' edges.

    At the very first start the answer waits until torch is imported.
    """
    return packed(request, json.dumps(await catalogue.wait(), ensure_ascii=False, separators=(",", ":")).encode())


@router.post("/plan", responses=documented(400, 401, 413, 422, 503))
async def plan(spec: RunSpec, planner: PlannerDep, language: LanguageDep) -> dict[str, Any]:
    """A spec → the full spec, layers, shapes, parameters, bytes, warnings. Starts nothing."""
    answer: dict[str, Any] = await planner.ask("plan", spec=spec.model_dump(exclude_unset=True))
    return answer | {"warnings": [spoken(warning, language) for warning in answer["warnings"]]}
