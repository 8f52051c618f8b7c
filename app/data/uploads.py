"""Data sets that users upload: received under limits, read and checked by `app.data.reading`, kept in the data folder.

Each is one file, `datasets/<id>.safetensors`, with its record in the file's header. There is no row in the database: planner
and trainers have no database, one rename adds the file, one unlink deletes it, and a crash leaves nothing inconsistent.
"""

import asyncio
import contextlib
import json
import os
import secrets
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.runs.life import Runs
from app.settings import ROOT, Settings
from app.words.problems import Problem
from dynascope.imports import environment_for
from dynascope.sentence import say, unpack
from trainer.spec import FieldError

#: File extension → how the file is read, and the data set that it becomes.
FORMATS = {".csv": ("csv", "table"), ".parquet": ("parquet", "table"), ".npz": ("npz", "arrays")}
#: Uploads that may arrive at once; for a reader: address space in addition to the unpacked data, and seconds.
AT_ONCE, MEMORY, SECONDS = 4, 3 << 30, 300
_HEAD = struct.Struct("<Q")


class Uploads:
    def __init__(self, settings: Settings, runs: Runs) -> None:
        self._settings, self._runs = settings, runs
        self.folder = settings.data / "datasets"
        self._incoming = 0
        self._reading = asyncio.Lock()

    def clean(self) -> None:
        """Delete the unfinished files of a server that was killed."""
        for part in self.folder.glob("*.part"):
            part.unlink(missing_ok=True)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A temporary file to write to, deleted afterwards. Raises Problem if no more uploads are allowed."""
        if self._incoming >= AT_ONCE:
            raise Problem(429, say("{count} uploads are coming in already; try again when one is done", count=AT_ONCE))
        self._check_room(0)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{secrets.token_hex(8)}.upload.part"
        self._incoming += 1
        try:
            yield path
        finally:
            self._incoming -= 1
            path.unlink(missing_ok=True)

    async def add(self, path: Path, filename: str, name: str | None, target: str | None, task: str | None) -> dict[str, Any]:
        """The record of a new upload. Raises Problem: 422 with the error in the file, 409 if there is no room."""
        if Path(filename).suffix.lower() not in FORMATS:
            msg = say("a file's name has to end in {list}; nothing else is read", list=", ".join(FORMATS))
            raise Problem.of_fields([FieldError(loc="file", msg=msg, got=filename[:200])])
        reads, dataset = FORMATS[Path(filename).suffix.lower()]
        id = secrets.token_hex(8)
        part, whole = self.folder / f"{id}.part", self.folder / f"{id}.safetensors"
        record = {"id": id, "name": plain(name or Path(filename).name), "format": dataset, "created": time.time()}
        most = 4 * self._settings.max_upload
        question: dict[str, Any] = {"path": str(path), "part": str(part), "format": reads, "target": target, "task": task, "most": most}
        question |= {"record": record, "memory": MEMORY + 4 * most, "seconds": SECONDS}
        try:
            async with self._reading:
                answer = await _ask(question)
                if "bad" in answer:
                    raise Problem.of_fields([FieldError(**answer["bad"])])
                self._check_room(part.stat().st_size)
                await asyncio.to_thread(part.rename, whole)
        finally:
            part.unlink(missing_ok=True)
        return answer["record"] | {"bytes": whole.stat().st_size}

    async def all(self) -> list[dict[str, Any]]:
        """All uploads, newest first."""
        found = await asyncio.to_thread(lambda: [read for path in self.folder.glob("*.safetensors") if (read := _record(path))])
        return sorted(found, key=lambda record: -record["created"])

    async def one(self, id: str) -> dict[str, Any]:
        path = self._path(id)
        record = await asyncio.to_thread(_record, path) if path else None
        if record is None:
            raise Problem(404, say("there is no upload {id}; GET /api/datasets lists them", id=repr(id[:40])))
        return record

    async def delete(self, id: str) -> None:
        await self.one(id)
        users = self._runs.that_use(id)
        if users:
            raise Problem(409, say("runs that have not ended use it: {list}. Stop them first", list=", ".join(users[:5])))
        (self.folder / f"{id}.safetensors").unlink(missing_ok=True)

    def _path(self, id: str) -> Path | None:
        known = len(id) == 16 and set(id) <= set("0123456789abcdef")
        return self.folder / f"{id}.safetensors" if known else None

    def _check_room(self, more: int) -> None:
        sizes = [path.stat().st_size for path in self.folder.glob("*.safetensors")]
        if len(sizes) >= self._settings.max_uploads:
            raise Problem(
                409, say("{count} uploads are stored, {most} may be; delete one first", count=len(sizes), most=self._settings.max_uploads)
            )
        if sum(sizes) + more > self._settings.max_uploads_bytes:
            raise Problem(
                409,
                say(
                    "uploads take {size} bytes with this one; {most} may be. Delete one first",
                    size=f"{sum(sizes) + more:,}",
                    most=f"{self._settings.max_uploads_bytes:,}",
                ),
            )


def plain(text: str) -> str:
    """The name as one line of printable characters."""
    return "".join(c for c in text if c.isprintable())[:200] or "unnamed"


async def _ask(question: dict[str, Any]) -> dict[str, Any]:
    environment = os.environ | environment_for(str(ROOT)) | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.data.reading"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C in the terminal is meant for the server, which ends this process
    )
    try:
        async with asyncio.timeout(2 * SECONDS):
            said, trouble = await process.communicate(json.dumps(question).encode())
        answer: dict[str, Any] = unpack(json.loads(said))
    except (TimeoutError, ValueError):
        last = (
            trouble.decode(errors="replace").strip().rsplit("\n", 1)[-1][:300]
            if process.returncode is not None
            else say("it took too long")
        )
        msg = say(
            "it could not be read within the limits of time and memory ({reason}); give a part of it",
            reason=last or say("the reader was ended"),
        )
        raise Problem.of_fields([FieldError(loc="file", msg=msg)]) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()  # otherwise its pipes would outlive the event loop
    return answer


def _record(path: Path) -> dict[str, Any] | None:
    """None if it was deleted meanwhile."""
    try:
        with path.open("rb") as file:
            head = json.loads(file.read(_HEAD.unpack(file.read(_HEAD.size))[0]))
        return unpack(json.loads(head["__metadata__"]["record"])) | {"bytes": path.stat().st_size}
    except FileNotFoundError:
        return None
