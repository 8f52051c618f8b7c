"""What the container files promise, as far as it can be seen without an engine; `scripts/image.sh` builds and starts the image."""

import json
import os
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.server import ROOT, Server, free_port


def _instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, each on one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


def _final() -> list[tuple[str, str]]:
    every = _instructions()
    return every[max(i for i, (name, _) in enumerate(every) if name == "FROM") :]


def _environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for name, rest in _final() if name == "ENV" for pair in rest.split())


def _health() -> list[str]:
    """The command that an engine runs in the container."""
    (check,) = [rest for name, rest in _final() if name == "HEALTHCHECK"]
    command = json.loads(check.partition("CMD ")[2])
    return [sys.executable if word == "python" else word for word in command]


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert list(services) == ["dynascope"]
    return dict(services["dynascope"])


def test_the_image_serves_as_a_numbered_user_without_a_shell_and_all_its_stages_share_the_base() -> None:
    final = dict(_final())
    uid, _, gid = final["USER"].partition(":")
    assert int(uid) > 1000
    assert int(gid) > 1000
    assert [name for name, _ in _final()].index("USER") > max(i for i, (name, _) in enumerate(_final()) if name in ("RUN", "COPY"))
    assert json.loads(final["ENTRYPOINT"]) == ["dynascope", "serve"]
    assert {rest.split()[0] for name, rest in _instructions() if name == "FROM"} == {"${BASE_IMAGE}"}
    assert {rest.split("=")[0] for name, rest in _instructions() if name == "ARG"} == {"BASE_IMAGE", "TORCH_VERSION", "TORCH_INDEX"}


def test_all_that_a_container_writes_lies_in_its_volume_so_that_its_root_may_be_read_only(service: dict[str, Any]) -> None:
    assert dict(_final())["VOLUME"] == "/data"
    for name in ("DYNASCOPE_DATA", "HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        assert _environment()[name].startswith("/data"), name
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["volumes"] == ["data:/data"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_every_variable_of_the_container_files_is_a_setting(service: dict[str, Any]) -> None:
    given = {name for name in {*_environment(), *service["environment"]} if name.startswith("DYNASCOPE_")}
    known = {f"DYNASCOPE_{name.upper()}" for name in Settings.model_fields}
    assert given <= known  # an unknown one would be ignored without a word


def test_compose_needs_no_variable_and_the_server_believes_in_the_port_that_is_published_on_loopback(
    service: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [_filled(port) for port in service["ports"]] == ["127.0.0.1:8000:8000"]
    for name, value in (_environment() | service["environment"]).items():
        if value is not None and name.startswith("DYNASCOPE_"):
            monkeypatch.setenv(name, _filled(str(value)))
    settings = Settings()
    assert settings.base_url() == "http://localhost:8000"
    assert settings.hosts() >= {"localhost:8000", "127.0.0.1:8000"}


def _filled(text: str) -> str:
    """With the defaults that compose takes where a variable isn't set."""
    while (found := re.sub(r"\$\{\w+:-([^${}]*)\}", r"\1", text)) != text:
        text = found
    assert "$" not in text
    return text


def test_the_image_is_built_from_every_folder_of_the_wheel() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == {*build["targets"]["wheel"]["only-include"], "pyproject.toml", "constraints.txt", "README.md", "hatch_build.py"}


def test_the_health_check_passes_where_a_server_answers_and_fails_where_none_does(server: Server) -> None:
    for port, passes in ((server.port, True), (free_port(), False)):
        done = subprocess.run(_health(), env={**os.environ, "DYNASCOPE_PORT": str(port)}, capture_output=True, check=False)
        assert (done.returncode == 0) is passes, done.stderr
