"""Dependencies of the routes: the parts of the server, by type."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.data.uploads import Uploads
from app.notes.claims import Claims
from app.planner.catalogue import Catalogue
from app.planner.planner import Planner
from app.runs.life import Runs
from app.settings import Settings
from app.store.database import Store
from app.studies.comparing import Comparisons
from app.studies.life import Studies
from app.words.i18n import language_of


def state(name: str):  # type: ignore[no-untyped-def]
    def give(connection: HTTPConnection):  # type: ignore[no-untyped-def]
        return getattr(connection.app.state, name)

    return Depends(give)


def _prefix(connection: HTTPConnection) -> str:
    """The prefix of every path of this server in a link: "" or "/user/a/proxy/8000"."""
    return str(connection.app.state.settings.prefix)


RunsDep = Annotated[Runs, state("runs")]
StoreDep = Annotated[Store, state("store")]
PlannerDep = Annotated[Planner, state("planner")]
CatalogueDep = Annotated[Catalogue, state("catalog")]
UploadsDep = Annotated[Uploads, state("uploads")]
SettingsDep = Annotated[Settings, state("settings")]
ClaimsDep = Annotated[Claims, state("claims")]
StudiesDep = Annotated[Studies, state("studies")]
ComparisonsDep = Annotated[Comparisons, state("comparisons")]
PrefixDep = Annotated[str, Depends(_prefix)]
#: The visitor's language: from the page's cookie, then from Accept-Language, else English.
LanguageDep = Annotated[str, Depends(language_of)]
