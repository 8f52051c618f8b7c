"""The product as its users have it: the built wheel in an environment of its own, far from any checkout.

Third-party packages are links to those of the environment that runs this: torch alone would be 200 MB to unpack again.
Only what the product declares is linked, so that an undeclared dependency is missing here as it would be there, and the
checkout's own editable install is out of reach.
"""

import importlib.metadata
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.app.viewing import Viewer
from tests.server import ROOT, TOKEN, Server

EXTRA = "server"


class Environment:
    """A virtual environment that has the product's dependencies and not the product; this interpreter's pip serves it."""

    def __init__(self, home: Path) -> None:
        self.home, self.python = home, home / "bin" / "python"
        _run(sys.executable, "-m", "venv", "--without-pip", home)
        links = home / "packages"
        links.mkdir()
        for path in _files_of(_needed(_declared())):
            (links / path.name).symlink_to(path)
        # A folder on the path, and no part of the environment: pip counts what is there as installed and never removes it.
        site = self.says("import sysconfig; print(sysconfig.get_path('purelib'))")
        Path(site, "packages.pth").write_text(f"{links}\n")

    def install(self, *arguments: str | Path) -> None:
        _run(sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-compile", *arguments)

    def install_wheel(self, wheel: Path) -> None:
        """With its server: pip finds every requirement met, at the tested versions, or fails, as it is given no index."""
        self.install("--no-index", "--constraint", ROOT / "constraints.txt", f"dynascope[{EXTRA}] @ {wheel.as_uri()}")

    def says(self, code: str) -> str:
        """What `code` prints, run outside the checkout and without its paths."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run([self.python, "-c", code], cwd="/", env=environment, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).strip()


class Installed(Server):
    """The server that the environment's own `dynascope` command starts."""

    def __init__(self, environment: Environment, data: Path) -> None:
        super().__init__(data)
        self._home = environment.home

    def start(self, ready: bool = True) -> "Installed":
        self.data.mkdir(parents=True, exist_ok=True)
        command = [str(self._home / "bin" / "dynascope"), "serve", "--port", str(self.port), "--data", str(self.data), "--token", TOKEN]
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "NUMBA_CACHE_DIR")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.data, env=environment, stdout=log, stderr=log)
        self.until("healthz", 30)
        if ready:
            self.until("readyz", 110)
        return self


def first_point(server: Server, spec: dict[str, Any]) -> float:
    """Seconds from asking for a run to its first loss on a page's socket, which is open already. The run has ended then."""
    viewer = Viewer(server)
    try:
        began = time.perf_counter()
        run = server.post(spec)["id"]
        viewer.subscribe(run, "scalars")
        viewer.until(Viewer.steps, 30)
        taken = time.perf_counter() - began
    finally:
        viewer.socket.close()
    server.wait(run)
    return taken


def build(folder: Path) -> Path:
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    return next(folder.glob("*.whl"))


def _declared() -> list[str]:
    """By pyproject.toml: what an editable install said of itself may be older."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"][EXTRA]]


def _needed(requirements: Iterable[str]) -> set[str]:
    """Names of all distributions that these ask for, directly or not."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    open_ = list(requirements)
    while open_:
        wanted = Requirement(open_.pop())
        name = canonicalize_name(wanted.name)
        found.add(name)
        for extra in {"", *wanted.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            lines = [(line, Requirement(line).marker) for line in importlib.metadata.requires(name) or ()]
            open_ += [line for line, marker in lines if marker is None or marker.evaluate({"extra": extra})]
    return found


def _files_of(names: Iterable[str]) -> set[Path]:
    """What these distributions put directly into their site-packages."""
    found: set[Path] = set()
    for name in names:
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        found |= {Path(str(distribution.locate_file(top))) for top in tops}
    return found


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
