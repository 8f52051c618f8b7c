"""The folders that the server writes to, each tried before it says that it serves."""

import errno
import os
import pwd
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Within the data folder. What is compiled and compressed may have been told another place.
WRITTEN = (".", "runs", "datasets", "cache")
#: Files there that are rewritten or read.
FILES = ("lock", "token", "server.json.part")


class Unusable(Exception):
    """What the server needs and can't use: one sentence that names it, says what is wrong, and what to do."""


def try_folders(data: Path, *elsewhere: Path) -> None:
    """Make what is missing and write to each; `elsewhere`: where compiled and compressed files are kept. Raises Unusable.

    Some 0.3 ms, and 5 µs for each run that is stored.
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
    """What earlier servers left there, and how it is used."""
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
    """What is wrong with a folder or file, and what to do about it."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return f"{path} can't be used: {(error.strerror or str(error)).lower()}; mend that"
    blamed = _nearest(path)
    state, me = blamed.stat(), os.geteuid()
    if state.st_uid == me:
        return f"{path} can't be used: the mode of {blamed} is {state.st_mode & 0o7777:03o}; run `chmod -R u+rwX {blamed}`"
    whose = f"{blamed} belongs to {_name(state.st_uid)}, and this server runs as {_name(me)}"
    return f"{path} can't be used: {whose}; run `sudo chown -R {_name(me)} {blamed}`"


def _nearest(path: Path) -> Path:
    """It, or the folder above it that can be looked at."""
    for known in (path, *path.absolute().parents):
        if os.access(known, os.F_OK):
            return known
    return Path("/")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # of another machine, or of a container
        return str(uid)
