"""RFC 9457 problem documents: the only format of the API's errors.

Their sentences are English unless the request chooses another language, by the page's cookie or `Accept-Language`.
"""

import json
import logging
from http import HTTPStatus
from itertools import zip_longest
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException

from app.words.i18n import language_of
from app.words.wording import spoken
from dynascope.sentence import recall, say
from trainer.spec import FieldError, told, words_of

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemDocument(BaseModel):
    """An error as in RFC 9457, with each field that caused it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="What happened and what to do.")
    errors: list[FieldError] = Field(default_factory=list, description="The fields to mend, where fields are to blame.")


class Problem(Exception):
    def __init__(self, status: int, detail: str, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors or [], headers

    @classmethod
    def of_fields(cls, errors: list[FieldError]) -> "Problem":
        return cls(422, told(errors[:3]), errors)

    def document(self, language: str = "en") -> dict[str, Any]:
        """`detail` and each `msg` are translated; `loc` and `got` are not."""
        title = HTTPStatus(self.status).phrase
        errors = [_shown(e.model_copy(update={"msg": spoken(e.msg, language)})) for e in self.errors]
        detail = spoken(self.detail, language)
        return ProblemDocument.model_construct(title=title, status=self.status, detail=detail, errors=errors).model_dump()

    def response(self, language: str = "en") -> JSONResponse:
        return _Answer(self.document(language), self.status, self.headers, MEDIA_TYPE)


class _Answer(JSONResponse):
    def render(self, content: Any) -> bytes:
        """A given value may hold half of a surrogate pair, which can't be encoded in UTF-8, but can be escaped in JSON."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: the problems that it can answer with. Any route can fail if the database is unavailable."""
    content = {MEDIA_TYPE: {"schema": ProblemDocument.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in sorted({*statuses, 503})}


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _unstored)


async def _problem(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    return problem.response(language_of(request))


async def _invalid(request: Request, refused: Exception) -> JSONResponse:
    assert isinstance(refused, RequestValidationError)
    return Problem.of_fields([field_error(e) for e in refused.errors()]).response(language_of(request))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status, detail, headers = error.status_code, error.detail, dict(error.headers or {})
    if detail == HTTPStatus(status).phrase:  # the router's own phrase
        method, path = request.method, get_route_path(request.scope)[:200]
        problem = Problem(
            status, say("there is no {method} {path}; /api/openapi.json lists what there is", method=method, path=path), headers=headers
        )
    else:
        problem = Problem(status, detail, headers=headers)
    return problem.response(language_of(request))


async def _unstored(request: Request, error: Exception) -> JSONResponse:
    log.error("the database failed: %s", error)
    return unstored(error).response(language_of(request))


def unstored(error: Exception) -> Problem:
    """The database's own message about an operation that failed."""
    said = getattr(error, "orig", None) or error
    return Problem(503, say("the database can't be used now: {said}; see whether its disk is full or read-only, then try again", said=said))


def field_error(error: Any) -> FieldError:
    loc = [str(part) for part in error["loc"]]
    if loc and loc[0] in ("body", "query", "path", "header") and len(loc) > 1:
        loc = loc[1:]
    unknown = error["type"] == "extra_forbidden"
    msg = say("there is no such field; check its spelling against the schema") if unknown else words_of(error)
    return FieldError(loc=_written(".".join(loc)), msg=msg, got=error.get("input"))


def _written(text: str) -> str:
    """The text with half of a surrogate pair as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def _shown(error: FieldError) -> FieldError:
    """The given value in a form that JSON can hold and a person can read: at most the length of a paragraph."""
    got = jsonable_encoder(error.got, custom_encoder={float: _finite, bytes: lambda b: f"{len(b)} bytes"})
    text = str(got)
    return FieldError(loc=error.loc[:300], msg=error.msg[:2000], got=got if len(text) <= 500 else text[:500] + "…")


def _finite(value: float) -> float | str:
    return value if value - value == 0 else str(value)


def of_trainer(error: dict[str, Any]) -> Problem:
    """A trainer's refusal of a command, from its event (`PlanError.told`); older events have no sentences."""
    errors = [FieldError(**one) for one in error["errors"]]
    kept = error.get("sentences")
    if isinstance(kept, list):
        errors = [one.model_copy(update={"msg": recall(one.msg, beside)}) for one, beside in zip_longest(errors, kept[: len(errors)])]
    return Problem.of_fields(errors)


def no_such_run(id: str) -> Problem:
    return Problem(404, say("there is no run {id}; GET /api/runs lists those that are", id=repr(id[:40])))
