"""The built wheel, installed and serving where no checkout is in reach."""

import re
import statistics
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installed import Environment, Installed, build, first_point
from tests.server import ROOT
from tests.strewn import strew

pytestmark = pytest.mark.server  # an environment and a server of its own: some twenty seconds

SHORT = {"data": {"name": "moons"}, "stop": {"max_epochs": None, "max_steps": 60, "early": None}}
FOLDERS = ("app", "trainer", "static", "templates", "locale")
#: Where `dynascope serve` finds the server, and what it then imports.
FOUND = "import sys; from dynascope.imports import server_folder as f; sys.path.insert(0, str(f())); import app; print(app.__file__)"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("installed"))
    made.install_wheel(wheel)
    return made


@pytest.fixture(scope="module")
def serving(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    server = Installed(environment, tmp_path_factory.mktemp("elsewhere"))
    yield server.start()
    server.stop()


def test_the_wheel_holds_every_file_of_the_server_inside_the_package_and_no_other_module(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dynascope"}
    held = {name.removeprefix("dynascope/_server/") for name in names if name.startswith("dynascope/_server/")}
    wanted = {str(p.relative_to(ROOT)) for folder in FOLDERS for p in (ROOT / folder).rglob("*") if p.is_file()}
    compressed = {name for name in held if name.endswith((".br", ".gz"))}
    assert {name[:-3] for name in compressed} <= {name for name in wanted if name.startswith("static/")}
    assert {f"static/{name}" for name in ("vendor/plotly-cartesian.min.js.br", "js/lab/lab.js.gz", "css/page/tokens.css.br")} <= compressed
    assert held - compressed == {name for name in wanted if "__pycache__" not in name and not name.endswith(".mo")}


def test_an_environment_gets_no_module_of_the_servers_and_serves_from_the_wheel(environment: Environment) -> None:
    for module in ("app", "trainer"):
        assert f"No module named '{module}'" in environment.says(f"import {module}")
    found = Path(environment.says(FOUND))
    assert found.is_relative_to(environment.home)
    assert found.parts[-4:] == ("dynascope", "_server", "app", "__init__.py")


def test_a_run_starts_at_once_in_a_process_that_had_everything_preloaded(serving: Installed) -> None:
    first_point(serving, SHORT)
    taken = sorted(first_point(serving, SHORT) for _ in range(5))
    print(f"POST to the first point, from the wheel: median {statistics.median(taken):.3f} s ({taken[0]:.3f} to {taken[-1]:.3f})")
    runs = serving.client.get("/api/runs").json()["items"]
    assert [(run["status"], run["step"]) for run in runs] == [("finished", 60)] * 6
    log = serving.log.read_text()
    assert "preloaded nothing" not in log
    assert "could not preload" not in log


def test_the_page_its_scripts_and_both_languages_come_from_the_wheel(serving: Installed) -> None:
    for language, start in (("en", "Start"), ("ko", "시작")):
        page = serving.client.get("/", params={"lang": language})
        assert page.status_code == 200
        assert start in page.text
    served = {address.rsplit("/", 1)[1]: address for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)}
    for name in ("lab.js", "layout.css", "plotly-cartesian.min.js", "form.ko.html"):
        assert serving.client.get(served[name]).headers["content-encoding"] == "br", name
    assert serving.client.get("/api/catalog").status_code == 200
    assert not (serving.data / "cache" / "static").exists(), "the wheel's build made the compressed forms"


@pytest.mark.timeout(300)  # an environment of its own, and kernels that are compiled anew
def test_the_installed_command_imports_nothing_from_the_folder_that_it_is_started_in(environment: Environment, tmp_path: Path) -> None:
    server = Installed(environment, tmp_path / "here")  # its data are there too
    strew(server.data, tmp_path / "imported")
    try:
        server.start()
        assert server.client.post("/api/datasets", files={"file": ("a.csv", b"a,y\n" + b"1,0\n2,1\n" * 30)}).status_code == 201
        assert server.wait(server.post(SHORT)["id"])["status"] == "finished"
    finally:
        server.stop()
    assert not (tmp_path / "imported").exists(), (tmp_path / "imported").read_text()


def test_a_checkout_that_is_installed_editable_runs_its_own_app(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "editable")
    environment.install("--no-deps", "--editable", ROOT)
    assert Path(environment.says(FOUND)) == ROOT / "app" / "__init__.py"
    assert not list(environment.home.rglob("_server"))
