"""Data sets that users upload."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.deps import LanguageDep, SettingsDep, UploadsDep
from app.guard.form import chosen, receive
from app.words.problems import documented
from app.words.wording import spoken

router = APIRouter(prefix="/datasets", tags=["datasets"])

FIELDS = frozenset({"name", "target", "task"})
#: The fields of the form; it is parsed while it arrives, so FastAPI has no model of it.
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "Its name ends in .csv, .parquet or .npz."},
        "target": {"type": "string", "maxLength": 500, "description": "The column to learn; the last, where none is given."},
        "task": {
            "type": "string",
            "enum": ["classification", "regression"],
            "description": "Found out from the target where it isn't given: text or at most 20 whole numbers are classes.",
        },
        "name": {"type": "string", "maxLength": 200, "description": "The file's own, where none is given."},
    },
}


class Ignored(BaseModel):
    column: str
    why: str


class Upload(BaseModel):
    id: str = Field(description="What a spec's `data.params.id` takes.")
    name: str
    format: Literal["table", "arrays"] = Field(description="The data set that reads it: a spec's `data.name`.")
    created: float = Field(description="Seconds since 1970.")
    bytes: int = Field(description="As stored.")
    rows: int
    views: dict[str, list[int]] = Field(description="Layout → shape of one example.")
    padded: bool = Field(description="Sequences of several lengths, whose ends are NaN.")
    task: Literal["classification", "regression"] = Field(description="As found, or as given.")
    classes: list[str] = Field(description="Their names in the order of their numbers; none for a regression.")
    target: str
    columns: list[str] = Field(description="All, the first thousand of them.")
    features: list[str] = Field(description="The columns that are read as numbers, the first thousand of them.")
    ignored: list[Ignored] = Field(description="Columns that are not used.")
    notes: list[str] = Field(description="What may not be meant.")


class UploadList(BaseModel):
    items: list[Upload]
    next: str | None = None


@router.post(
    "",
    status_code=201,
    responses=documented(400, 401, 409, 413, 415, 422, 429),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def upload(request: Request, uploads: UploadsDep, settings: SettingsDep, language: LanguageDep) -> Upload:
    """A CSV, Parquet or NPZ file: `curl -F file=@iris.csv -F target=species`. The answer describes what was found in the file.

    An NPZ file holds `x` with 2 to 5 dimensions (examples first) and `y`; nothing is unpickled. If `task` or `target` is not
    what you meant, delete the data set and upload it again with the right one.
    """
    with uploads.incoming() as path:
        form = await receive(request, path, FIELDS, settings.max_upload)
        task = chosen(form.texts, "task", ("classification", "regression"))
        wanted = {name: form.texts.get(name, "").strip() or None for name in ("name", "target")}
        return _told(await uploads.add(path, form.filename or "", task=task, **wanted), language)


@router.get("", responses=documented(401))
async def list_uploads(uploads: UploadsDep, language: LanguageDep) -> UploadList:
    """All uploads, newest first; there is no paging, because their number is limited."""
    return UploadList(items=[_told(record, language) for record in await uploads.all()])


@router.get("/{id}", responses=documented(401, 404))
async def get(id: str, uploads: UploadsDep, language: LanguageDep) -> Upload:
    return _told(await uploads.one(id), language)


@router.delete("/{id}", status_code=204, responses=documented(401, 404, 409))
async def delete(id: str, uploads: UploadsDep) -> None:
    """Delete an upload. Refused while a run that has not ended uses it."""
    await uploads.delete(id)


def _told(record: dict[str, Any], language: str) -> Upload:
    ignored = [one | {"why": spoken(one["why"], language)} for one in record["ignored"]]
    return Upload(**record | {"ignored": ignored, "notes": [spoken(note, language) for note in record["notes"]]})
