"""The paths of a run's files."""

from pathlib import Path


class Folders:
    def __init__(self, data: Path) -> None:
        self._data = data

    def of(self, id: str) -> Path:
        return self._data / "runs" / id

    def checkpoints(self, id: str) -> Path:
        return self.of(id) / "checkpoints"

    def begin(self, id: str) -> Path:
        """The checkpoint from which a forked run starts, in its own folder: its parent may be deleted before the run starts."""
        return self.of(id) / "begin.safetensors"

    def journal(self, id: str, attempt: int) -> Path:
        """The journal of messages that the worker of this attempt has not sent yet."""
        return self.of(id) / f"{attempt}.journal"
