"""The catalogue, cached in the data folder under a hash of the parts, so that the page can be shown before torch is imported."""

import hashlib
import json
from pathlib import Path
from typing import Any

from app.planner.planner import Planner
from app.settings import ROOT
from dynascope import __version__, bins


class Catalogue:
    def __init__(self, planner: Planner, data: Path) -> None:
        self._planner, self._folder = planner, data / "cache"
        self._held: tuple[str, dict[str, Any]] | None = None

    async def get(self) -> dict[str, Any] | None:
        """The catalogue if it is known without asking the planner, or None."""
        key = _fingerprint()
        if self._held is None or self._held[0] != key:
            path = self._folder / f"catalog-{key}.json"
            self._held = (key, json.loads(path.read_text())) if path.exists() else None
        return self._held[1] if self._held else None

    @property
    def key(self) -> str:
        """The key of the catalogue that `get` returned; it changes with the catalogue."""
        return self._held[0] if self._held else ""

    async def wait(self) -> dict[str, Any]:
        """The catalogue, from the planner if it is not cached yet."""
        known = await self.get()
        if known is not None:
            return known
        key = _fingerprint()
        catalogue: dict[str, Any] = await self._planner.ask("catalog")
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob("catalog-*.json"):
            old.unlink()
        path = self._folder / f"catalog-{key}.json"
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(catalogue))
        partial.rename(path)
        self._held = (key, catalogue)
        return catalogue


def _fingerprint() -> str:
    """A fingerprint of every file that the catalogue is made from, by size and time: about 0.5 ms."""
    digest = hashlib.sha256(__version__.encode())
    instrument = Path(bins.__file__).parent  # if it is installed, it is not beside the server's own folders
    files = [*sorted((ROOT / "trainer").rglob("*.py")), instrument / "bins.py", *sorted((instrument / "diagnoses").glob("*.py"))]
    for path in files:
        state = path.stat()
        digest.update(f"{path}:{state.st_size}:{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
