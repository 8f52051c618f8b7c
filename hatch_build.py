"""The wheel's build: beside every static file lie its compressed forms, so that no server has to make them."""

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPRESSING = Path("app", "pages", "compressing.py")
TARGET = Path("dynascope", "_server")


class CompressStatic(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `x.js.br` and `x.js.gz` beside each `x.js`. An editable install serves the checkout's own files: it gets none."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        spec = importlib.util.spec_from_file_location("compressing", Path(self.root, COMPRESSING))
        assert spec is not None
        assert spec.loader is not None
        compressing = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(compressing)
        self._folder = Path(tempfile.mkdtemp())
        compressing.copy(Path(self.root, "static"), self._folder / "static", compressing.BEST)
        for path in sorted(self._folder.rglob("*")):
            if path.suffix in (".br", ".gz"):
                build_data["force_include"][str(path)] = str(TARGET / path.relative_to(self._folder))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            shutil.rmtree(self._folder)
