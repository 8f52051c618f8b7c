"""The folders that the server writes to; each is tested before the server reports that it is ready."""

import errno
import os
import pwd
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Subfolders of the data folder. Compiled and compressed files may have another place.
WRITTEN = (".", "runs", "datasets", "cache")
#: Files in it that are rewritten or read.
FILES = ("lock", "token", "server.json.part")


class Unusable(Exception):
    """A folder or file that the server needs and can't use: one sentence with its name, the fault, and what to do."""


def try_folders(data: Path, *elsewhere: Path) -> None:
    """Create missing folders and write to each; `elsewhere`: the folder of compiled and compressed files. Raises Unusable.

    Takes about 0.3 ms, and 5 µs per stored run.
    """
    for folder in [*(data / name for name in WRITTEN), *elsewhere]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise Unusable(f"{refusal(folder, error)}, or give --data another folder") from None
    for path, wanted in _held(data, elsewhere):
        if not os.access(path, wanted):
            denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise Unusable(f"{refusal(path, denied)}, or give --data another folder")


def _held(data: Path, elsewhere: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Files that earlier servers left there, and how each is used."""
    enter = os.R_OK | os.W_OK | os.X_OK
    for name in FILES:
        if (data / name).exists():
            yield data / name, os.R_OK | os.W_OK
    yield from ((path, os.R_OK) for path in (data / "cache").glob("catalog-*.json"))
    yield from ((path, os.R_OK) for path in (data / "datasets").glob("*.safetensors"))
    for folder in (data / "runs", *elsewhere):
        with os.scandir(folder) as entries:
            yield from ((Path(entry.path), enter) for entry in entries if entry.is_dir())
    with os.scandir(data / "runs") as entries:
        for entry in entries:
            kept = os.path.join(entry.path, "checkpoints")
            if os.path.isdir(kept):
                yield Path(kept), enter


def refusal(path: Path, error: OSError) -> str:
    """The fault of a folder or file, and what to do about it."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return f"{path} can't be used: {(error.strerror or str(error)).lower()}; mend that"
    blamed = _nearest(path)
    state, me = blamed.stat(), os.geteuid()
    if state.st_uid == me:
        return f"{path} can't be used: the mode of {blamed} is {state.st_mode & 0o7777:03o}; run `chmod -R u+rwX {blamed}`"
    whose = f"{blamed} belongs to {_name(state.st_uid)}, and this server runs as {_name(me)}"
    return f"{path} can't be used: {whose}; run `sudo chown -R {_name(me)} {blamed}`"


def _nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that can be read."""
    for known in (path, *path.absolute().parents):
        if os.access(known, os.F_OK):
            return known
    return Path("/")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user of another machine, or of a container
        return str(uid)
