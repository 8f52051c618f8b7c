"""Where the files of a run lie."""

from pathlib import Path


class Folders:
    def __init__(self, data: Path) -> None:
        self._data = data

    def of(self, id: str) -> Path:
        return self._data / "runs" / id

    def checkpoints(self, id: str) -> Path:
        return self.of(id) / "checkpoints"

    def begin(self, id: str) -> Path:
        """The checkpoint that a forked run goes on from, in its own folder: its parent may be deleted before it starts."""
        return self.of(id) / "begin.safetensors"

    def journal(self, id: str, attempt: int) -> Path:
        """What the worker of this attempt has not sent yet."""
        return self.of(id) / f"{attempt}.journal"
