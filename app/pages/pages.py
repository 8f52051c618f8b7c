"""The pages: templates in the visitor's language and theme, with their data.

A page's HTML is small and requested each time, with a validator. Large content that is the same for every visitor of a
language (the texts, the catalogue, the Lab's form, the statements of the notes) is in pieces that a browser caches.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.notes import outline
from app.pages.addresses import Static
from app.pages.fields import Form
from app.settings import ROOT
from app.words.i18n import COOKIE, language_of, words
from dynascope import __version__
from trainer.spec import LANGUAGES

router = APIRouter(include_in_schema=False)

#: A run that a person can watch and control: by itself, the trainer has no pace and ends after some epochs.
WATCHED = {"pace": 60, "stop": {"max_epochs": None, "max_steps": 20_000, "early": None}}
_YEAR = 365 * 86400


class Pieces:
    """The pieces that a page needs, for one visitor: name → address."""

    def __init__(self, request: Request, key: str = "") -> None:
        self._static: Static = request.app.state.static
        self._static.refresh()
        self._key, self.language = key, language_of(request)
        self.addresses: dict[str, str] = {}
        self.rendered("texts", ".json", texts=words(self.language).for_scripts())

    def rendered(self, name: str, ending: str, **context: Any) -> "Pieces":
        """Add `templates/pieces/<name><ending>`; callables in its context are called when the piece has to be rendered again."""

        def make() -> str:
            filled = {one: value() if callable(value) else value for one, value in context.items()}
            template = environment(self.language).get_template(f"pieces/{name}{ending}")
            return template.render({"language": self.language, **filled})

        return self.add(name, f"{name}.{self.language}{ending}", make)

    def add(self, name: str, file: str, make: Callable[[], str]) -> "Pieces":
        """Add the text that `make` returns; it is called when the piece has to be made again."""
        self.addresses[name] = self._static.piece(file, self._key, make)
        return self


@router.get("/")
async def lab(request: Request) -> Response:
    catalogue = await request.app.state.catalog.get()
    if not catalogue:
        return page(request, "preparing.html", "lab")
    defaults = {**catalogue["defaults"], **WATCHED}
    pieces = Pieces(request, request.app.state.catalog.key)
    pieces.rendered("catalogue", ".json", catalogue=catalogue, defaults=defaults)
    pieces.rendered("form", ".html", form=lambda: Form(catalogue, defaults, words(pieces.language)))
    views = request.app.state.static.inside("js/charts/views")
    return page(request, "lab.html", "lab", pieces, presets=catalogue["presets"], views=views)


@router.get("/notes")
async def notes(request: Request) -> Response:
    """The study notes: the status of each sentence, and the experiments that test it."""
    if not await request.app.state.catalog.get():
        return page(request, "preparing.html", "notes")
    claims = request.app.state.claims
    statements, experiments = await claims.statements(), await claims.described()
    read = {"sections": outline.sections(statements, experiments), "signs": outline.STATUS_SIGNS}
    pieces = Pieces(request, request.app.state.catalog.key)
    pieces.rendered("experiments", ".json", experiments=experiments, outcome_signs=outline.OUTCOME_SIGNS)
    pieces.rendered("statements", ".html", **read)
    return page(request, "notes.html", "notes", pieces, tally=outline.tally(statements), **read)


@router.get("/runs")
async def runs(request: Request) -> Response:
    """Every run and every study, to search, compare and delete."""
    return await _of_specs(request, "runs.html")


@router.get("/studies/new")
async def new_study(request: Request) -> Response:
    """A ready-made study, or a new one."""
    return await _of_specs(request, "new_study.html")


@router.get("/studies/{id}")
async def study(request: Request, id: str) -> Response:
    """The page of one study. The page's script reports if there is no study with this id."""
    return await _of_specs(request, "study.html", id=id[:64])


async def _of_specs(request: Request, template: str, **more: Any) -> Response:
    """A page about specs: its scripts get the texts of every field, and the presets."""
    catalogue = await request.app.state.catalog.get()
    if not catalogue:
        return page(request, "preparing.html", "runs")
    pieces = Pieces(request, request.app.state.catalog.key)

    def fields() -> list[dict[str, Any]]:
        return Form(catalogue, catalogue["defaults"], words(pieces.language)).varied()

    pieces.rendered("known", ".json", fields=fields, defaults=catalogue["defaults"], studies=catalogue.get("studies", []))
    return page(request, template, "runs", pieces, studies=catalogue.get("studies", []), **more)


@router.get("/api/docs")
async def docs(request: Request) -> Response:
    """The OpenAPI document, to read and to try out."""
    app: FastAPI = request.app
    servers = [{"url": request.app.state.settings.prefix or "/"}]
    pieces = Pieces(request).add("openapi", "openapi.json", lambda: json.dumps({**app.openapi(), "servers": servers}))
    return page(request, "docs.html", "docs", pieces)


def page(request: Request, template: str, room: str, pieces: Pieces | None = None, **more: Any) -> Response:
    """A template in the visitor's language and theme; without a body if the browser's copy is still current."""
    pieces = pieces or Pieces(request)
    static: Static = request.app.state.static
    language, prefix = language_of(request), request.app.state.settings.prefix
    theme = request.cookies.get("theme")
    trouble = request.app.state.planner.trouble
    context: dict[str, Any] = {
        "version": __version__,
        "root": prefix + "/",
        "files": static.version,
        "room": room,
        "language": language,
        "languages": LANGUAGES,
        "theme": theme if theme in ("light", "dark") else "auto",
        "asset": static.address,
        "modules": static.modules,
        "pieces": pieces.addresses,
        "trouble": trouble and trouble.document(language)["detail"],
    }
    body = environment(language).get_template(template).render(context | more)
    validators = {
        "ETag": f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, Accept-Language",
    }
    if request.headers.get("if-none-match") == validators["ETag"]:
        response = Response(status_code=304, headers=validators)
    else:
        response = HTMLResponse(body, headers=validators)
    if request.query_params.get("lang") == language:
        response.set_cookie(COOKIE, language, max_age=_YEAR, path=prefix or "/", samesite="strict")
    return response


@cache
def environment(language: str) -> Environment:
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = words(language)
    env.install_gettext_callables(said.gettext, said.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return env
