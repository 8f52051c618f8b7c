"""The catalogue of parts that a run can use, and the plan of a spec."""

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
    """Every part with the JSON Schema of its parameters, its texts in both languages and the parts that it works with; the bin edges.

    At the very first start of the server, the answer waits until torch is imported.
    """
    return packed(request, json.dumps(await catalogue.wait(), ensure_ascii=False, separators=(",", ":")).encode())


@router.post("/plan", responses=documented(400, 401, 413, 422, 503))
async def plan(spec: RunSpec, planner: PlannerDep, language: LanguageDep) -> dict[str, Any]:
    """A spec → the full spec, layers, shapes, parameters, bytes and warnings. It starts nothing."""
    answer: dict[str, Any] = await planner.ask("plan", spec=spec.model_dump(exclude_unset=True))
    return answer | {"warnings": [spoken(warning, language) for warning in answer["warnings"]]}
