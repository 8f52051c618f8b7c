"""Studies: a base spec, axes over its fields, and seeds; the results of their runs so far."""

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from app.api.exports import TYPES
from app.api.runs import Status, before, cursor_of
from app.deps import LanguageDep, PrefixDep, StoreDep, StudiesDep
from app.store import studies as stored
from app.studies import findings, tables
from app.words.problems import Problem, documented
from app.words.wording import spoken
from dynascope.sentence import say
from trainer.spec import FieldError, RunSpec, Strict

router = APIRouter(prefix="/studies", tags=["studies"])

MAX_AXES, MAX_VALUES, MAX_VALUE = 4, 100, 4000
Seed = Annotated[int, Field(ge=0, lt=2**53, strict=True)]
Seeds = Annotated[int, Field(ge=0, le=5000, strict=True)] | Annotated[list[Seed], Field(max_length=5000)]
Path = Annotated[str, Field(max_length=200)]
Names = Annotated[str | None, Query(max_length=6000, description="Comma-separated series; empty: all but those of layers.")]
Cell = float | None


class StudyRequest(Strict):
    name: str = Field("", max_length=200, description="What it is called; its runs are named after it.")
    notes: str = Field("", max_length=20_000)
    base: RunSpec = Field(RunSpec(), description="What all cells share; what is left out has its default.")
    axes: dict[Path, Annotated[list[Any], Field(min_length=1, max_length=MAX_VALUES)]] = Field(
        default_factory=dict,
        max_length=MAX_AXES,
        description="Dotted path of a field → the values it takes, any JSON. The cells are all combinations.",
    )
    seeds: Seeds = Field(1, description="How many, from the base's seed on; or which. Each cell has one run a seed.")


class StudyChanges(Strict):
    """Name and notes; at least one of them."""

    name: str | None = Field(None, max_length=200)
    notes: str | None = Field(None, max_length=20_000)


class Extension(Strict):
    seeds: Seeds = Field(description="How many more, or which; with 0 what is missing runs and nothing is added.")


class Axis(BaseModel):
    path: str = Field(description="Dotted path of the field that it varies.")
    values: list[Any] = Field(description="In the order that was given.")


class Progress(BaseModel):
    """Numbers of runs: `total` is `waiting` + `going` + `ended`."""

    total: int = Field(description="Cells that were not refused × seeds.")
    waiting: int = Field(description="Not begun, or queued.")
    going: int
    ended: int = Field(description="However they ended.")
    failed: int = Field(description="Of these, failed or broken off.")


class StudySummary(BaseModel):
    id: str
    name: str
    notes: str
    status: Literal["running", "done", "cancelled", "failed"] = Field(
        description="`running` until each cell has a run of each seed, whatever came of it; `failed` where it could not go on."
    )
    reason: str | None = Field(description="Why it is cancelled or failed.")
    created: float = Field(description="Seconds since 1970.")
    ended: float | None
    url: str = Field(description="The page that shows it.")
    axes: list[Axis] = Field(description="The last one runs fastest over the cells.")
    seeds: list[int] = Field(description="In the order in which they run.")
    cells: int = Field(description="How many, refused ones included.")
    runs: Progress


class StudyPage(BaseModel):
    items: list[StudySummary]
    next: str | None = Field(description="Give it as `cursor` to get what follows.")


class CellRun(BaseModel):
    seed: int
    run: str | None = Field(description="Its id; null where it has not begun.")
    status: Literal["waiting"] | Status = Field(description="`waiting` where it has not begun, else the run's own.")


class Final(BaseModel):
    """The newest values of a series over the seeds' runs that finished or diverged; null if none is finite."""

    n: int = Field(description="How many finite values there are.")
    mean: Cell
    median: Cell
    low: Cell = Field(description="Of the mean's 95 % percentile bootstrap interval; null for fewer than two values.")
    high: Cell
    q10: Cell
    q90: Cell
    values: list[Cell] = Field(description="One a seed, in the order of the study's seeds.")


class StudyCell(BaseModel):
    index: int = Field(description="In the order of all combinations, the last axis running fastest.")
    values: dict[str, Any] = Field(description="Path → value.")
    refused: list[FieldError] | None = Field(description="Why this cell can't be run; null where it can.")
    runs: list[CellRun] = Field(description="One a seed, in the order of the study's seeds; none in a refused cell.")
    finals: dict[str, Final] = Field(description="Series → its newest values over the seeds.")


class Study(StudySummary):
    base: dict[str, Any] = Field(description="The full base, defaults filled in.")
    version: str = Field(description="The product's, when it was made.")
    cells: list[StudyCell]  # type: ignore[assignment]


class BandCell(BaseModel):
    """Columns by step. `low` and `high`: the 95 % bootstrap interval of the mean, null for fewer than two values."""

    index: int = Field(description="The cell's.")
    step: list[float] = Field(description="Where each bucket begins.")
    n: list[int] = Field(description="How many seeds have a finite value in it.")
    mean: list[Cell]
    median: list[Cell]
    low: list[Cell]
    high: list[Cell]
    q10: list[Cell]
    q90: list[Cell]


class Bands(BaseModel):
    name: str = Field(description="The series.")
    unit_width: int = Field(description="Steps a bucket, the same in all cells; a run's value in it is its mean there.")
    cells: list[BandCell] = Field(description="Those in which a run has a point, in order.")


@router.post("", status_code=201, responses={200: {"model": Study}, **documented(400, 401, 413, 422, 503)})
async def create(
    request: StudyRequest,
    response: Response,
    studies: StudiesDep,
    store: StoreDep,
    language: LanguageDep,
    prefix: PrefixDep,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Study:
    """Check every cell, and run those that are valid; a refused cell stays empty, with its reason.

    With an `Idempotency-Key`, the same request sent twice starts one study; the second answer is 200.
    """
    for path, values in request.axes.items():
        _check_values(path, values)
    body = {
        "name": request.name,
        "notes": request.notes,
        "base": request.base.model_dump(exclude_unset=True),
        "axes": request.axes,
        "seeds": request.seeds,
    }
    study, fresh = await studies.create(body, idempotency_key)
    response.status_code = 201 if fresh else 200
    return _whole(await findings.whole(store, study, None), prefix, language)


@router.get("", responses=documented(401, 422))
async def list_studies(
    store: StoreDep,
    language: LanguageDep,
    prefix: PrefixDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> StudyPage:
    """Newest first."""
    found = await store.read(stored.page, limit + 1, before(cursor))
    items = [_summary(told, prefix, language) for told in await findings.summaries(store, found[:limit])]
    return StudyPage(items=items, next=cursor_of(found[limit - 1]) if len(found) > limit else None)


@router.get("/{id}", responses=documented(401, 404, 422))
async def get(id: str, studies: StudiesDep, store: StoreDep, prefix: PrefixDep, language: LanguageDep, finals: Names = None) -> Study:
    """The study with the current runs and final values of every cell."""
    return _whole(await findings.whole(store, await studies.one(id), _names(finals)), prefix, language)


@router.patch("/{id}", responses=documented(400, 401, 404, 413, 422))
async def change(
    id: str, changes: StudyChanges, studies: StudiesDep, store: StoreDep, prefix: PrefixDep, language: LanguageDep
) -> StudySummary:
    """Change name and notes."""
    values = {key: value for key, value in changes.model_dump(exclude_unset=True).items() if value is not None}
    if not values:
        got = changes.model_dump(exclude_unset=True)
        raise Problem.of_fields([FieldError(loc="", msg=say("nothing to change: give name or notes"), got=got)])
    await studies.change(id, values)
    return await _told(id, studies, store, prefix, language)


@router.delete("/{id}", status_code=204, responses=documented(401, 404))
async def delete(id: str, studies: StudiesDep) -> None:
    """Cancel the study, and delete it with its runs."""
    await studies.delete(id)


@router.post("/{id}/cancel", responses=documented(400, 401, 404, 409, 413, 422))
async def cancel(id: str, studies: StudiesDep, store: StoreDep, prefix: PrefixDep, language: LanguageDep) -> Study:
    """Stop the runs of this study that have started; the others never start."""
    await studies.cancel(id)
    return _whole(await findings.whole(store, await studies.one(id), None), prefix, language)


@router.post("/{id}/extend", responses=documented(400, 401, 404, 413, 422))
async def extend(id: str, extension: Extension, studies: StudiesDep, store: StoreDep, prefix: PrefixDep, language: LanguageDep) -> Study:
    """Add seeds. Missing runs of the earlier seeds run too, even if the study was cancelled."""
    await studies.extend(id, extension.seeds)
    return _whole(await findings.whole(store, await studies.one(id), None), prefix, language)


@router.get("/{id}/wait", responses=documented(401, 404, 422))
async def wait(
    id: str,
    studies: StudiesDep,
    store: StoreDep,
    prefix: PrefixDep,
    language: LanguageDep,
    timeout: Annotated[float, Query(ge=0, le=3600)] = 60,
) -> StudySummary:
    """Answers when the study has ended, or at the timeout with the study's current state."""
    await studies.wait(id, timeout)
    return await _told(id, studies, store, prefix, language)


@router.get("/{id}/bands", responses=documented(401, 404, 422))
async def bands(
    id: str,
    studies: StudiesDep,
    store: StoreDep,
    name: Annotated[str, Query(min_length=1, max_length=300, description="A series, as val/loss.")],
    points: Annotated[int, Query(ge=2, le=2000, description="Buckets of a cell at most, about.")] = 200,
) -> Bands:
    """Statistics over the seeds at each step, from all that the runs have sent so far."""
    return Bands(**await findings.over_steps(store, await studies.one(id), name, points))


@router.get(
    "/{id}/export",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"text/csv": {}, "application/vnd.apache.parquet": {}}},
        **documented(401, 404, 422),
    },
)
async def export(
    id: str, studies: StudiesDep, store: StoreDep, format: Literal["csv", "parquet"] = "csv", finals: Names = None
) -> Response:
    """A tidy table with one row per cell and seed: the axes' values, seed, run, status, and every final value."""
    study = await findings.whole(store, await studies.one(id), _names(finals))
    data = await asyncio.to_thread(tables.as_csv if format == "csv" else tables.as_parquet, study)
    headers = {"Content-Disposition": f'attachment; filename="dynascope-study-{id}.{format}"'}
    return Response(data, media_type=TYPES[format], headers=headers)


async def _told(id: str, studies: StudiesDep, store: StoreDep, prefix: str, language: str) -> StudySummary:
    return _summary((await findings.summaries(store, [await studies.one(id)]))[0], prefix, language)


def _summary(told: dict[str, Any], prefix: str, language: str) -> StudySummary:
    reason = told["reason"] and spoken(told["reason"], language)
    return StudySummary(**told | {"url": f"{prefix}/studies/{told['id']}", "reason": reason})


def _whole(told: dict[str, Any], prefix: str, language: str) -> Study:
    reason = told["reason"] and spoken(told["reason"], language)
    cells = [cell | {"refused": _spoken(cell["refused"], language)} for cell in told["cells"]]
    return Study(**told | {"url": f"{prefix}/studies/{told['id']}", "reason": reason, "cells": cells})


def _spoken(refused: list[dict[str, Any]] | None, language: str) -> list[dict[str, Any]] | None:
    return refused and [error | {"msg": spoken(error["msg"], language)} for error in refused]


def _names(given: str | None) -> list[str] | None:
    return list(dict.fromkeys(given.split(","))) if given else None


def _check_values(path: str, values: list[Any]) -> None:
    """Raises Problem 422 for values that are not JSON, too long, or duplicates."""
    seen: dict[str, Any] = {}
    for value in values:
        try:
            text = json.dumps(_plain(value), sort_keys=True, allow_nan=False, ensure_ascii=False)
            text.encode()
        except (ValueError, RecursionError):
            msg = say("a value is not finite, nested too deeply, or holds half of a character")
            raise Problem.of_fields([FieldError(loc=f"axes.{path}", msg=msg, got=str(value)[:200])]) from None
        if len(text) > MAX_VALUE:
            msg = say("a value has {count} characters; {most} are allowed", count=f"{len(text):,}", most=f"{MAX_VALUE:,}")
            raise Problem.of_fields([FieldError(loc=f"axes.{path}", msg=msg, got=text[:200])])
        if text in seen:
            raise Problem.of_fields([FieldError(loc=f"axes.{path}", msg=say("values have to differ; this one is there twice"), got=value)])
        seen[text] = value


def _plain(value: Any) -> Any:
    """1.0 becomes 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
