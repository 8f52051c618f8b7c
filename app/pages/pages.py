"""The pages: templates in the visitor's language and theme, with what they lay out."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.notes import outline
from app.pages.fields import Form
from app.settings import ROOT
from app.words.i18n import COOKIE, language_of, words
from dynascope import __version__
from trainer.spec import LANGUAGES

router = APIRouter(include_in_schema=False)

#: What a person can watch and steer: the trainer itself knows no pace, and ends after some epochs.
WATCHED = {"pace": 60, "stop": {"max_epochs": None, "max_steps": 20_000, "early": None}}
_YEAR = 365 * 86400


@router.get("/")
async def lab(request: Request) -> HTMLResponse:
    catalogue = await request.app.state.catalog.get()
    if not catalogue:
        return page(request, "preparing.html", "lab")
    defaults = {**catalogue["defaults"], **WATCHED}
    form = Form(catalogue, defaults, words(language_of(request)))
    return page(request, "lab.html", "lab", catalogue={**catalogue, "defaults": defaults}, form=form)


@router.get("/notes")
async def notes(request: Request) -> HTMLResponse:
    """The study notes, what is true of each sentence, and the experiments that show it."""
    if not await request.app.state.catalog.get():
        return page(request, "preparing.html", "notes")
    claims = request.app.state.claims
    statements, experiments = await claims.statements(), await claims.described()
    read = {"sections": outline.sections(statements, experiments), "tally": outline.tally(statements), "signs": outline.STATUS_SIGNS}
    shown = [{name: told[name] for name in ("id", "label", "bounds", "axes", "log_axes", "right_axis", "arms")} for told in experiments]
    return page(request, "notes.html", "notes", experiments=shown, outcome_signs=outline.OUTCOME_SIGNS, **read)


@router.get("/runs")
async def runs(request: Request) -> HTMLResponse:
    """Every run and every study, to find, to compare and to delete."""
    return await _spoken(request, "runs.html")


@router.get("/studies/new")
async def new_study(request: Request) -> HTMLResponse:
    """A ready-made study, or one that is put together here."""
    return await _spoken(request, "new_study.html")


@router.get("/studies/{id}")
async def study(request: Request, id: str) -> HTMLResponse:
    """One study. Whether there is one of this id, the script that asks for it says."""
    return await _spoken(request, "study.html", id=id[:64])


async def _spoken(request: Request, template: str, **more: Any) -> HTMLResponse:
    """A page about specs: its scripts know every field's words, and what is ready-made."""
    catalogue = await request.app.state.catalog.get()
    if not catalogue:
        return page(request, "preparing.html", "runs")
    form = Form(catalogue, catalogue["defaults"], words(language_of(request)))
    about = {"defaults": catalogue["defaults"], "studies": catalogue.get("studies", [])}
    return page(request, template, "runs", fields=form.varied(), about=about, **more)


@router.get("/api/docs")
async def docs(request: Request) -> HTMLResponse:
    """The OpenAPI document, to read and to try out."""
    return page(request, "docs.html", "docs")


def page(request: Request, template: str, room: str, **more: Any) -> HTMLResponse:
    """A template in the visitor's language and theme."""
    language = language_of(request)
    theme = request.cookies.get("theme")
    context: dict[str, Any] = {
        "version": __version__,
        "room": room,
        "language": language,
        "languages": LANGUAGES,
        "theme": theme if theme in ("light", "dark") else "auto",
        "texts": words(language).for_scripts(),
    }
    response = HTMLResponse(environment(language).get_template(template).render(context | more))
    if request.query_params.get("lang") == language:
        response.set_cookie(COOKIE, language, max_age=_YEAR, samesite="strict")
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
