"""What routes are given: the parts of the server, by type."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.data.uploads import Uploads
from app.exports.report import Reports
from app.notes.claims import Claims
from app.planner.catalogue import Catalogue
from app.planner.planner import Planner
from app.runs.life import Runs
from app.settings import Settings
from app.store.database import Store
from app.studies.comparing import Comparisons
from app.studies.life import Studies
from app.words.i18n import language_of


def _state(name: str):  # type: ignore[no-untyped-def]
    def give(connection: HTTPConnection):  # type: ignore[no-untyped-def]
        return getattr(connection.app.state, name)

    return Depends(give)


RunsDep = Annotated[Runs, _state("runs")]
StoreDep = Annotated[Store, _state("store")]
PlannerDep = Annotated[Planner, _state("planner")]
CatalogueDep = Annotated[Catalogue, _state("catalog")]
UploadsDep = Annotated[Uploads, _state("uploads")]
SettingsDep = Annotated[Settings, _state("settings")]
ClaimsDep = Annotated[Claims, _state("claims")]
ReportsDep = Annotated[Reports, _state("reports")]
StudiesDep = Annotated[Studies, _state("studies")]
ComparisonsDep = Annotated[Comparisons, _state("comparisons")]
#: The visitor's: by the page's cookie, then by Accept-Language, else English.
LanguageDep = Annotated[str, Depends(language_of)]
