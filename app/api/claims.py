"""The statements of the notes as experiments: criterion, outcome and evidence."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from app.api.answers import packed
from app.deps import ClaimsDep, LanguageDep, state
from app.exports.report import Reports
from app.words.problems import documented
from app.words.wording import spoken
from trainer.claims.names import names_of
from trainer.spec import Strict

router = APIRouter(prefix="/claims", tags=["claims"])
ReportsDep = Annotated[Reports, state("reports")]
Words = dict[str, str]
STANDING = "The verdict that stands: the newest that is done of ten seeds, else the newest that is done."
TIMES = "How many times it was begun."


class BoundTold(BaseModel):
    """A number that each seed gives, and the bounds that it must lie between."""

    name: str
    label: Words
    above: float | None
    below: float | None
    strict: bool


class RightAxis(BaseModel):
    label: Words
    log: bool


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
    right_axis: RightAxis | None = Field(description="Of the curves that are in other units than the rest.")
    arms: list[str] = Field(description="The runs of each seed; none where it computes on its own.")


class CurveTold(BaseModel):
    name: str
    x: list[float]
    y: list[float | None]
    right: bool = Field(False, description="Whether it belongs to the right axis.")


class SeedTold(BaseModel):
    seed: int
    passes: bool
    values: dict[str, float | None]
    curves: list[CurveTold]


class Judgement(BaseModel):
    """One execution of an experiment."""

    id: str
    claim: str
    status: Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
    reason: str | None
    created: float
    started: float | None = Field(description="When its turn came.")
    ended: float | None
    quick: bool
    seeds: list[int]
    founds: list[SeedTold] = Field(description="Of each seed that is done.")
    runs: dict[str, dict[str, str]] = Field(description="Seed → arm → run.")
    names: dict[str, str] = Field(description="What numbers, curves and arms are called in the asker's language, where that differs.")
    outcome: Literal["shown", "contradicted", "inconclusive"] | None = Field(description="Of the seeds that are done so far.")
    version: str


class StatementTold(BaseModel):
    """A sentence of the study notes, and its status. The result of a run is the outcome of an experiment, never this status."""

    number: int
    section: Words
    noted: Words = Field(description="As it stands in the notes.")
    status: Literal["true", "false", "contested", "imprecise"]
    correct: Words = Field(description="What is so.")
    formula: str = Field(description="Presentation MathML, or nothing.")
    source: str
    source_words: str
    experiments: list[str] = Field(description="Ids of the experiments that bear on it.")
    question: bool = Field(description="Whether the notes ask, rather than state.")
    answer: Words | None = Field(description="To the question, where it is one.")


class ClaimSummary(BaseModel):
    experiment: Experiment
    judgement: Judgement | None = Field(description="The newest.")
    standing: Judgement | None = Field(description=STANDING)
    times: int = Field(description=TIMES)


class ClaimList(BaseModel):
    items: list[ClaimSummary]
    statements: list[StatementTold] = Field(description="Every statement of the notes, in their order.")
    next: str | None = None


class ClaimTold(BaseModel):
    experiment: Experiment
    judgements: list[Judgement] = Field(description="Every time that it was run, the newest first.")
    standing: Judgement | None = Field(description=STANDING)
    times: int = Field(description=TIMES)


class RunClaim(Strict):
    quick: bool = Field(False, description="Two seeds instead of ten.")
    seed: int | None = Field(None, ge=0, le=2**31, description="The first seed; without one, seeds that were not used before.")


Curves = Annotated[bool, Query(description="Whether each seed's curves are told too: they are most of the answer.")]


@router.get("", response_model=ClaimList, responses=documented(401, 422, 503))
async def claims(request: Request, claims: ClaimsDep, language: LanguageDep, curves: Curves = True) -> Response:
    """Every statement of the notes; every experiment with its newest outcome and its standing outcome."""
    newest, standing, times = await claims.newest(), await claims.standing(), await claims.counts()
    items = [
        ClaimSummary(
            experiment=_experiment(d),
            judgement=_judgement(newest.get(d["id"]), curves, language),
            standing=_judgement(standing.get(d["id"]), curves, language),
            times=times.get(d["id"], 0),
        )
        for d in await claims.described()
    ]
    found = ClaimList(items=items, statements=[_statement(told) for told in await claims.statements()])
    return packed(request, found.model_dump_json().encode())


@router.get(
    "/report",
    response_class=HTMLResponse,
    responses={200: {"description": "One HTML file that needs nothing else.", "content": {"text/html": {}}}, **documented(401, 422, 503)},
)
async def report(claims: ClaimsDep, reports: ReportsDep, lang: Literal["en", "ko"] = "en") -> Response:
    """A report of every statement and the outcome of every experiment, to read, to print and to hand in."""
    text = await reports.written(claims, lang)
    headers = {"Content-Disposition": f'attachment; filename="dynascope-notes.{lang}.html"'}
    return HTMLResponse(text, headers=headers)


@router.get("/{id}", responses=documented(401, 404, 422, 503))
async def claim(
    id: str,
    claims: ClaimsDep,
    language: LanguageDep,
    curves: Curves = True,
    most: Annotated[int, Query(ge=1, le=10_000, description="So many judgements at most.")] = 10_000,
) -> ClaimTold:
    described = await claims.one(id)
    told = [_told(row, curves, language) for row in await claims.judgements(described["id"], most)]
    standing = (await claims.standing(described["id"])).get(described["id"])
    return ClaimTold(
        experiment=_experiment(described),
        judgements=told,
        standing=_judgement(standing, curves, language),
        times=(await claims.counts()).get(described["id"], 0),
    )


@router.post("/{id}/run", status_code=202, responses=documented(400, 401, 404, 409, 413, 422, 429, 503))
async def run(id: str, claims: ClaimsDep, language: LanguageDep, request: RunClaim | None = None) -> Judgement:
    """Run this experiment; one experiment runs at a time."""
    request = request or RunClaim(quick=False, seed=None)
    return _told(await claims.start(id, request.quick, request.seed), True, language)


@router.post("/{id}/cancel", responses=documented(400, 401, 404, 409, 413, 422, 503))
async def cancel(id: str, claims: ClaimsDep, language: LanguageDep) -> Judgement:
    """Cancel this experiment and its runs."""
    return _told(await claims.cancel(id), True, language)


def _experiment(described: dict[str, Any]) -> Experiment:
    return Experiment(**described)


def _statement(told: dict[str, Any]) -> StatementTold:
    return StatementTold(**{name: told[name] for name in StatementTold.model_fields} | {"answer": told["answer"] or None})


def _judgement(row: dict[str, Any] | None, curves: bool, language: str) -> Judgement | None:
    return None if row is None else _told(row, curves, language)


def _told(row: dict[str, Any], curves: bool, language: str) -> Judgement:
    reason = row["reason"]
    founds = row["founds"] if curves else [found | {"curves": []} for found in row["founds"]]
    return Judgement(**row | {"reason": reason and spoken(reason, language), "founds": founds, "names": names_of(row, language)})
