"""The notes' statements as experiments: their criterion, outcome and evidence."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.deps import ClaimsDep
from app.problems import documented
from trainer.spec import Strict

router = APIRouter(prefix="/claims", tags=["claims"])
Words = dict[str, str]


class BoundTold(BaseModel):
    """A number that each seed gives, and what it must lie between."""

    name: str
    label: Words
    above: float | None
    below: float | None
    strict: bool


class Experiment(BaseModel):
    id: str
    label: Words
    predict: Words
    story: Words
    criterion: Words = Field(description="Fixed before what runs it was written.")
    bounds: list[BoundTold]
    statements: dict[str, Literal["supports", "refutes"]] = Field(description="Statement's number → what it is to it, when shown.")
    exact: bool = Field(description="Whether every seed must pass; otherwise nine of ten.")
    source: str
    axes: list[Words]
    log_axes: list[bool]
    arms: list[str] = Field(description="The runs of each seed; none where it computes on its own.")


class CurveTold(BaseModel):
    name: str
    x: list[float]
    y: list[float | None]


class SeedTold(BaseModel):
    seed: int
    passes: bool
    values: dict[str, float | None]
    curves: list[CurveTold]


class Judgement(BaseModel):
    """One time that an experiment was run."""

    id: str
    claim: str
    status: Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
    reason: str | None
    created: float
    ended: float | None
    quick: bool
    seeds: list[int]
    founds: list[SeedTold] = Field(description="Of each seed that is done.")
    runs: dict[str, dict[str, str]] = Field(description="Seed → arm → run.")
    outcome: Literal["shown", "contradicted", "inconclusive"] | None = Field(description="Of the seeds that are done so far.")
    version: str


class ClaimSummary(BaseModel):
    experiment: Experiment
    judgement: Judgement | None = Field(description="The newest.")


class ClaimList(BaseModel):
    items: list[ClaimSummary]
    next: str | None = None


class ClaimTold(BaseModel):
    experiment: Experiment
    judgements: list[Judgement] = Field(description="Every time that it was run, the newest first.")


class RunClaim(Strict):
    quick: bool = Field(False, description="Two seeds instead of ten.")
    seed: int | None = Field(None, ge=0, le=2**31, description="The first seed; without one, seeds that were not used before.")


@router.get("", responses=documented(401, 503))
async def claims(claims: ClaimsDep) -> ClaimList:
    """Every experiment, with what came of its newest run."""
    newest = await claims.newest()
    return ClaimList(
        items=[ClaimSummary(experiment=_experiment(d), judgement=_judgement(newest.get(d["id"]))) for d in await claims.described()]
    )


@router.get("/{id}", responses=documented(401, 404, 422, 503))
async def claim(id: str, claims: ClaimsDep) -> ClaimTold:
    described = await claims.one(id)
    rows = await claims.judgements(described["id"])
    return ClaimTold(experiment=_experiment(described), judgements=[Judgement(**row) for row in rows])


@router.post("/{id}/run", status_code=202, responses=documented(400, 401, 404, 409, 413, 422, 429, 503))
async def run(id: str, claims: ClaimsDep, request: RunClaim | None = None) -> Judgement:
    """Run it; one experiment runs at a time."""
    request = request or RunClaim(quick=False, seed=None)
    return Judgement(**await claims.start(id, request.quick, request.seed))


@router.post("/{id}/cancel", responses=documented(400, 401, 404, 409, 413, 422, 503))
async def cancel(id: str, claims: ClaimsDep) -> Judgement:
    """End what is going on of it, its runs too."""
    return Judgement(**await claims.cancel(id))


def _experiment(described: dict[str, Any]) -> Experiment:
    return Experiment(**described)


def _judgement(row: dict[str, Any] | None) -> Judgement | None:
    return None if row is None else Judgement(**row)
