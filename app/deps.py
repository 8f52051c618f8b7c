"""What routes are given: the parts of the server, by type."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.catalogue import Catalogue
from app.claims import Claims
from app.comparing import Comparisons
from app.i18n import language_of
from app.planner import Planner
from app.report import Reports
from app.runs import Runs
from app.settings import Settings
from app.store.database import Store
from app.studies import Studies
from app.uploads import Uploads


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
