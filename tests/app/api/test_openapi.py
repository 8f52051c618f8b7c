"""The REST API against its own document: no 5xx, no undocumented answer."""

import json
import os
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from app.main import create_app
from app.settings import Settings
from tests.server import TOKEN, Server

#: What a script can rely on. Pydantic's reading of "0.1" as a number, which schemathesis would have refused, is meant.
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

# Made without a server: the document is the same for all. Runs that the cases start are short, by their defaults.
_folder = Path(__file__).parent.parent.parent.parent / ".pytest_cache" / "openapi"
_folder.mkdir(parents=True, exist_ok=True)
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(create_app(Settings(data=_folder, token=TOKEN)).openapi())))


@schema.exclude(path_regex="/wait$").parametrize()
@settings(
    max_examples=int(os.environ.get("DYNASCOPE_SCHEMA_CASES", "55")),  # of each of some forty operations
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.timeout(180)
# Hypothesis compares the random module's state before and after drawing; another thread of this process may have used it.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
def test_every_answer_is_documented_and_none_is_a_defect(case: schemathesis.Case, server: Server) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    response = case.call(base_url=server.url, headers=headers)
    case.validate_response(response, checks=CHECKS, headers=headers)
    if (case.method, case.path, response.status_code) == ("POST", "/api/studies", 201):  # up to 5,000 runs
        assert server.client.delete(f"/api/studies/{response.json()['id']}").status_code == 204
