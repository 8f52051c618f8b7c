"""The application: only wiring."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware

from app.api import (
    catalog,
    checkpoints,
    claims,
    code,
    comparisons,
    datasets,
    exports,
    function,
    health,
    matrices,
    runs,
    series,
    slots,
    studies,
)
from app.data.uploads import Uploads
from app.executors.local import Local
from app.exports.report import Reports
from app.guard.ending import BrokenOff
from app.guard.prefix import Prefix, prefixes
from app.guard.security import Credentials, Guard, cookie_name
from app.hub.hub import Hub
from app.hub.topics import Topics
from app.notes.claims import PATIENCE, Claims
from app.pages import pages
from app.pages.addresses import Static
from app.planner.catalogue import Catalogue
from app.planner.planner import Planner
from app.runs.background import Lane
from app.runs.life import Runs
from app.settings import ROOT, Settings
from app.sockets import ingest, live
from app.store.database import Store
from app.studies.comparing import Comparisons
from app.studies.life import Studies
from app.words import problems
from dynascope import __version__


def create_app(settings: Settings) -> FastAPI:
    settings.data.mkdir(parents=True, exist_ok=True)
    public = settings.address()
    credentials = Credentials(settings.secret(), cookie_name(settings.port, public))
    app = FastAPI(
        title="Dynascope",
        version=__version__,
        description="See what happens inside a neural network while it trains. Refusals are in English, or in Korean for who asks for it: "
        "by `Accept-Language: ko`, or by the page's cookie.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        servers=[{"url": public.prefix}] if public.prefix else None,
        root_path_in_servers=False,
        redirect_slashes=False,  # Prefix removes them; a redirect would have to know how every proxy changes it
        lifespan=_lifespan,
        middleware=[Middleware(BrokenOff), Middleware(Guard, settings=settings, credentials=credentials)],
    )
    app.state.settings = settings
    app.state.store = Store(settings.database)
    app.state.hub = Hub()
    executor = Local(settings.data)
    app.state.executor = executor
    app.state.planner = Planner(executor, settings.start_timeout)
    app.state.catalog = Catalogue(app.state.planner, settings.data)
    app.state.runs = Runs(settings, app.state.store, app.state.hub, app.state.planner, executor)
    app.state.uploads = Uploads(settings, app.state.runs)
    app.state.judge = Planner(executor, settings.start_timeout, PATIENCE)
    lane = Lane(app.state.runs, settings.slots)
    app.state.claims = Claims(settings, app.state.store, app.state.hub, app.state.runs, lane, app.state.judge)
    app.state.studies = Studies(app.state.store, app.state.hub, app.state.runs, lane, app.state.planner)
    studies_of, claims_of = app.state.studies, app.state.claims
    app.state.topics = Topics(app.state.hub, app.state.runs.slots, studies_of.by_status, studies_of.counts, claims_of.by_status)
    app.state.comparisons = Comparisons(app.state.store)
    app.state.reports = Reports()
    parts = (health, catalog, claims, datasets, runs, checkpoints, code, series, function, matrices, exports, slots, studies, comparisons)
    for module in parts:
        app.include_router(module.router, prefix="/api")
    others = (ingest.router, live.router, pages.router)
    for router in others:
        app.include_router(router)
    app.state.static = Static(ROOT / "static", settings.cache_folder, settings.prefix + "/", ROOT / "templates")
    app.mount("/static", app.state.static, name="static")
    names = {getattr(route, "path", "/").split("/")[1] for held in (app, *others) for route in held.routes} - {""}
    app.add_middleware(Prefix, root=public.path, prefixes=prefixes(public, names))
    problems.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    await app.state.store.open()
    app.state.uploads.clean()
    await app.state.runs.recover()
    await app.state.claims.recover()
    await app.state.studies.recover()
    note = settings.data / "server.json"
    _announce(note, settings)
    warming, telling = asyncio.create_task(_warm(app)), asyncio.create_task(app.state.topics.tell())
    try:
        yield
    finally:
        warming.cancel()
        telling.cancel()
        await asyncio.gather(warming, telling, return_exceptions=True)
        note.unlink(missing_ok=True)
        await app.state.static.close()
        await app.state.claims.close()
        await app.state.studies.close()
        await app.state.runs.close()
        await app.state.judge.close()
        await app.state.planner.close()
        await app.state.executor.close()
        await app.state.store.close()


async def _warm(app: FastAPI) -> None:
    """Runs after the server answers: start the forkserver and the planner, and update the catalogue."""

    async def first() -> None:
        await app.state.catalog.wait()
        await app.state.planner.ask("plan", spec={})
        app.state.static.compress_later()

    await app.state.planner.keep(first)


def _announce(path: Path, settings: Settings) -> None:
    """Writes the address where trainers find this server; they read it again whenever they lose the connection."""
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps({"url": settings.local_url(), "pid": os.getpid()}))
    partial.chmod(0o600)
    partial.rename(path)
