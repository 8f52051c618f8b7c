"""Runs: start, list, read, control, delete."""

import base64
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field, computed_field

from app.deps import LanguageDep, PrefixDep, RunsDep, StoreDep
from app.runs.resuming import AS_IT_IS, CHANGED
from app.store import history, records
from app.words.problems import Problem, documented
from app.words.wording import spoken
from dynascope.sentence import say
from trainer.spec import FieldError, RunSpec, Strict

router = APIRouter(prefix="/runs", tags=["runs"])

Status = Literal["queued", "starting", "running", "paused", "finished", "stopped", "diverged", "failed", "interrupted"]
Limit = Annotated[int, Query(ge=1, le=200)]
#: The most runs that one request stops or deletes, and the most ids that one answer lists.
MANY, MOST_IDS = 100, 10_000


class LayerInfo(BaseModel):
    name: str
    kind: str
    parameters: int
    norm: str | None = None
    activation: str | None = None
    units: int | None = None


class Diagnosis(BaseModel):
    """A problem that a run has now; the texts of each rule are under `diagnoses` in the catalogue."""

    rule: str
    since: float = Field(description="The step at which it was found.")
    severity: int = Field(description="The lowest is the most severe.")
    layer: str | None = None
    evidence: dict[str, float | int | str | None] = Field(description="The numbers that it is read from.")
    mend: dict[str, Any] = Field(description="A change that would mend it, by dotted path.")


class RunCreated(BaseModel):
    id: str
    status: Status
    url: str = Field(description="The page that shows it.")
    spec: dict[str, Any] = Field(description="The full spec, defaults filled in.")


class Run(BaseModel):
    id: str
    name: str
    tags: list[str]
    notes: str
    spec: dict[str, Any]
    version: str
    execution: str
    status: Status
    end_reason: str | None
    created: float = Field(description="Seconds since 1970.")
    started: float | None
    ended: float | None
    step: float | None
    layers: list[LayerInfo]
    latest: dict[str, float | None] = Field(description="The newest value of each series; null where it isn't finite.")
    attempt: int
    seq: int
    pid: int | None
    parent: str | None = Field(description="The run that this one was forked from.")
    forked_at: float | None = Field(description="The step at which it went on by itself.")
    diagnosis: list[Diagnosis] = Field(description="What is wrong with it, the most severe first.")
    study: str | None = Field(description="The study that it is of.")
    cell: int | None = Field(description="The index of its cell in that study.")

    @computed_field(description="Whether it has ended and can go on; `GET checkpoints` says from where.")  # type: ignore[prop-decorator]
    @property
    def can_resume(self) -> bool:
        return self.status in AS_IT_IS + CHANGED


class RunPage(BaseModel):
    items: list[Run]
    next: str | None = Field(description="Give it as `cursor` to get what follows.")


class RunChanges(Strict):
    """The fields of a run that may change at any time; at least one of them."""

    name: str | None = Field(None, max_length=200)
    tags: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(None, max_length=50)
    notes: str | None = Field(None, max_length=20_000)


class ControlRequest(Strict):
    action: Literal["pause", "resume", "step", "stop", "set", "checkpoint"]
    changes: dict[str, float | int | str | bool | None] = Field(
        default_factory=dict, max_length=50, description="For `set` alone: dotted path → value."
    )


class ControlAnswer(BaseModel):
    step: float | None = Field(description="The step boundary at which it was applied.")
    status: str
    action: str | None = None
    changes: dict[str, Any] = {}
    checkpoint: str | None = Field(None, description="The file that `checkpoint` wrote.")


class ManyRequest(Strict):
    """An action for many runs at once."""

    action: Literal["stop", "delete"]
    ids: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]] = Field(
        min_length=1, max_length=MANY, description="Of more, ask again."
    )


class NotDone(BaseModel):
    id: str
    status: int = Field(description="As the answer for this run alone would have had.")
    detail: str


class ManyAnswer(BaseModel):
    done: list[str] = Field(description="Ids of the runs that were stopped or deleted.")
    refused: list[NotDone] = Field(description="Why the others were not: one that has ended can't be stopped.")


class RunIds(BaseModel):
    ids: list[str] = Field(description=f"Newest first, {MOST_IDS:,} at most.")


class RunEvent(BaseModel):
    attempt: int
    seq: int
    step: float
    kind: str
    time: float
    data: dict[str, Any]


class EventList(BaseModel):
    items: list[RunEvent]
    next: str | None = None


@router.post("", status_code=201, responses={200: {"model": RunCreated}, **documented(400, 401, 413, 422, 429, 503)})
async def create(
    spec: RunSpec,
    request: Request,
    response: Response,
    runs: RunsDep,
    prefix: PrefixDep,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> RunCreated:
    """Check a spec completely, store it, and start the run as soon as a slot is free.

    With an `Idempotency-Key`, the same request sent twice starts one run; the second answer is 200.
    """
    record, fresh = await runs.create(spec.model_dump(exclude_unset=True), idempotency_key)
    response.status_code = 201 if fresh else 200
    return RunCreated(id=record["id"], status=record["status"], url=f"{prefix}/#run={record['id']}", spec=record["spec"])


@router.get("", responses=documented(401, 422))
async def list_runs(
    runs: RunsDep,
    store: StoreDep,
    language: LanguageDep,
    status: Status | None = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    study: Annotated[str | None, Query(max_length=20)] = None,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> RunPage:
    """Newest first; `q` is searched in names and notes."""
    found = await store.read(records.page, limit + 1, before(cursor), status, tag, q, study)
    items = [_told(runs.freshened(record), language) for record in found[:limit]]
    return RunPage(items=items, next=cursor_of(found[limit - 1]) if len(found) > limit else None)


@router.get("/ids", responses=documented(401, 422))
async def list_ids(
    store: StoreDep,
    status: Status | None = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    study: Annotated[str | None, Query(max_length=20)] = None,
) -> RunIds:
    """The ids of all runs that match, to stop or delete them with `bulk`."""
    return RunIds(ids=await store.read(records.ids, MOST_IDS, status, tag, q, study))


@router.post("/bulk", responses=documented(400, 401, 413, 422))
async def bulk(request: ManyRequest, runs: RunsDep, language: LanguageDep) -> ManyAnswer:
    """Stop or delete many runs. The answer comes when that is done; a failure for one run does not affect the others."""
    ids = list(dict.fromkeys(request.ids))
    outcome = await (runs.stop_many(ids) if request.action == "stop" else runs.delete_many(ids))
    refused = [NotDone(id=id, status=why.status, detail=why.document(language)["detail"]) for id, why in outcome.refused.items()]
    return ManyAnswer(done=outcome.done, refused=refused)


@router.get("/{id}", responses=documented(401, 404))
async def get(id: str, runs: RunsDep, language: LanguageDep) -> Run:
    return _told(await runs.record(id), language)


@router.patch("/{id}", responses=documented(400, 401, 404, 413, 422))
async def change(id: str, changes: RunChanges, runs: RunsDep, language: LanguageDep) -> Run:
    """Change name, tags and notes."""
    values = {key: value for key, value in changes.model_dump(exclude_unset=True).items() if value is not None}
    if not values:
        raise Problem.of_fields(
            [FieldError(loc="", msg=say("nothing to change: give name, tags or notes"), got=changes.model_dump(exclude_unset=True))]
        )
    return _told(await runs.change(id, values), language)


@router.delete("/{id}", status_code=204, responses=documented(401, 404))
async def delete(id: str, runs: RunsDep) -> None:
    """Stop the run if it has not ended, and delete everything that is stored about it."""
    await runs.delete(id)


@router.get("/{id}/wait", responses=documented(401, 404, 422))
async def wait(id: str, runs: RunsDep, language: LanguageDep, timeout: Annotated[float, Query(ge=0, le=3600)] = 60) -> Run:
    """Answers when the run has ended, or at the timeout with the run's current state."""
    return _told(await runs.wait(id, timeout), language)


@router.post("/{id}/control", responses=documented(400, 401, 404, 409, 413, 422, 503))
async def control(id: str, request: ControlRequest, runs: RunsDep) -> ControlAnswer:
    """Answers when the trainer has applied the command, with the step at which it did."""
    if (request.action == "set") != bool(request.changes):
        msg = (
            say("`set` needs at least one change")
            if request.action == "set"
            else say("changes belong to `set`, not to {action}", action=repr(request.action))
        )
        raise Problem.of_fields([FieldError(loc="changes", msg=msg, got=request.changes)])
    answer = await runs.control(id, request.action, request.changes)
    shown = {key: answer.get(key) for key in ("step", "checkpoint")}
    return ControlAnswer(**shown, status=answer.get("status", ""), action=request.action, changes=answer.get("changes", {}))


@router.get("/{id}/events", responses=documented(401, 404))
async def events(id: str, runs: RunsDep, store: StoreDep) -> EventList:
    """All events in order: control changes, ends of epochs, early stops, divergence."""
    await runs.record(id)
    return EventList(items=[RunEvent(**event) for event in await store.read(history.read_events, id)])


def cursor_of(record: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([record["created"], record["id"]]).encode()).decode()


def before(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        created, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        str(id).encode()  # no id contains half of a surrogate pair
        return float(created), str(id)
    except (ValueError, TypeError) as error:
        raise Problem.of_fields([FieldError(loc="cursor", msg=say("not a cursor that this server gave out"), got=cursor)]) from error


def _told(record: dict[str, Any], language: str) -> Run:
    reason = record["end_reason"]
    return Run(**record | {"end_reason": reason and spoken(reason, language)})
