"""What documents say of the code is so: every path that they name exists, and no package is left out."""

import re
from pathlib import Path

import pytest

from tests.server import ROOT

ARCHITECTURE = ROOT / "docs" / "architecture.md"
DOCUMENTS = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", ROOT / "README.ko.md", *sorted((ROOT / "docs").glob("*.md"))]
#: A path of this repository, in backticks or in a diagram's node.
PATH = re.compile(r"(?<![\w./-])((?:app|trainer|dynascope|static|templates|locale|tests|benchmarks|scripts|docs)/[\w./-]*\w/?)")
#: What a guide tells its reader to write.
INVENTED = re.compile(r"/mine\.(py|js)$|/test_mine\.py$")


def paths(text: str) -> set[str]:
    return {path for path in PATH.findall(text) if not INVENTED.search(path)}


@pytest.mark.parametrize("document", [ARCHITECTURE, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_every_path_that_is_named_exists(document: Path) -> None:
    named = paths(document.read_text())
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_no_package_and_no_room_of_the_page_is_left_out() -> None:
    text = ARCHITECTURE.read_text()
    rooms = [path.parent for top in ("app", "dynascope") for path in (ROOT / top).glob("*/__init__.py")]
    rooms += [ROOT / "trainer" / name for name in ("parts", "claims", "presets", "studies")]
    rooms += [path for path in (ROOT / "static" / "js").iterdir() if path.is_dir()]
    names = {path.relative_to(ROOT).as_posix() for path in rooms}
    assert len(names) > 25
    assert [name for name in sorted(names) if f"{name}/" not in text and f"{name}`" not in text] == []


def test_the_layers_that_are_told_are_those_that_are_checked() -> None:
    contract = (ROOT / "pyproject.toml").read_text().split("the server's rooms")[1].split("]]")[0]
    checked = re.findall(r'"(\w+)"', contract.split("layers = [")[1])
    told = [Path(path).stem for path in re.findall(r"^\| `app/([\w.]+)/?`", ARCHITECTURE.read_text(), re.MULTILINE)]
    assert told == [name for name in checked if name != "main"]
