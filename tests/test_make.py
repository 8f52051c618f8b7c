"""`make .venv` and what it is given, with an interpreter that only writes down what it is asked for."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT

#: Stands for an interpreter and for the environment's own: `venv` copies it, `pip` keeps torch's version in a file.
PYTHON = """#!/bin/sh
case "$*" in
  *"base_prefix"*) basename "$(cat "$(dirname "$0")/of" 2>/dev/null || echo "$0")";;
  *"m.version"*) cat "$(dirname "$0")/torch" 2>/dev/null;;
  "-m venv --clear "*) rm -rf "$4"; echo "venv $4" >> "$LOG"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; echo "$0" > "$4/bin/of";;
  "-m venv "*) echo "venv $3" >> "$LOG"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo "$0" > "$3/bin/of";;
  *"uninstall"*) echo "uninstall torch" >> "$LOG"; rm "$(dirname "$0")/torch";;
  *"install --quiet torch"*)
    version=$(echo "$*" | sed 's/.*torch==\\([^ ]*\\).*/\\1/'); echo "$version" > "$(dirname "$0")/torch"
    echo "torch $version $(echo "$*" | sed -n 's/.*--index-url //p')" | sed 's/ *$//' >> "$LOG";;
esac
"""


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        (folder / "scripts").mkdir()
        for name in ("Makefile", "pyproject.toml", "scripts/install.sh"):
            shutil.copy(ROOT / name, folder / name)
        (folder / "constraints.txt").write_text("torch==2.13.0\n")
        for name in ("python3", "other"):
            (folder / name).write_text(PYTHON)
            (folder / name).chmod(0o755)

    def make(self, *given: str) -> list[str]:
        """What was done for it."""
        self.log.write_text("")
        bare = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "TORCH_VERSION", "TORCH_INDEX", "MAKEFLAGS")}
        environment = bare | {"PATH": f"{self.folder}:{os.environ['PATH']}", "LOG": str(self.log)}
        subprocess.run(["make", ".venv", *given], cwd=self.folder, env=environment, check=True, capture_output=True)
        return self.log.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


CUDA = "https://example.org/whl/cu128?a=b&c=d"


def test_an_environment_is_made_once(checkout: Checkout) -> None:
    assert checkout.make() == ["venv .venv", "torch 2.13.0"]
    assert checkout.make() == []
    (checkout.folder / "constraints.txt").write_text("torch==2.14.0\n")
    assert checkout.make() == ["uninstall torch", "torch 2.14.0"]


def test_another_index_replaces_torch_and_is_remembered(checkout: Checkout) -> None:
    checkout.make()
    assert checkout.make(f"TORCH_INDEX={CUDA}") == ["uninstall torch", f"torch 2.13.0 {CUDA}"]
    assert checkout.make(f"TORCH_INDEX={CUDA}") == []
    assert checkout.make() == []
    assert checkout.make("TORCH_VERSION=2.9.1") == ["uninstall torch", f"torch 2.9.1 {CUDA}"]
    assert checkout.make("TORCH_INDEX=") == ["uninstall torch", "torch 2.9.1"]
    assert checkout.make() == []


def test_another_interpreter_makes_the_environment_anew(checkout: Checkout) -> None:
    checkout.make()
    assert checkout.make("PYTHON=./other") == ["venv .venv", "torch 2.13.0"]
    assert checkout.make() == []


def test_what_failed_is_tried_again(checkout: Checkout) -> None:
    checkout.make()
    script = checkout.folder / "scripts" / "install.sh"
    whole = script.read_text()
    script.write_text("exit 1\n")
    with pytest.raises(subprocess.CalledProcessError):
        checkout.make("TORCH_VERSION=2.9.1")
    script.write_text(whole)
    assert checkout.make("TORCH_VERSION=2.9.1") == ["uninstall torch", "torch 2.9.1"]


def test_a_commit_is_held_to_what_make_lint_runs() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    lines = [line.strip().replace("$(NODE)", "$(BIN)/node").replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in local["hooks"]] == lines
