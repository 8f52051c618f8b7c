"""Static files: their address contains a hash of the content, so browsers cache them for ever; each is compressed once.

`/static/<hash>/js/lab/lab.js`: the hash covers the whole folder `js`, so modules import each other by the relative paths of
the source, and there is no build step. A change in one module changes the addresses of all (sixty small files, about
80 KB compressed), but not those of the vendored libraries, which have their own folder.

Besides the source files there are *pieces*: the output of templates from the catalogue and the texts, the same for every
visitor of one language. They are files too, under the hash of their content.
"""

import asyncio
import hashlib
import logging
import os
import posixpath
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from wsgiref.headers import Headers as WsgiHeaders

from servestatic import ServeStaticASGI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.pages.compressing import FAST, compress, copy
from app.words.i18n import language_of
from app.words.problems import Problem
from dynascope.sentence import say

log = logging.getLogger(__name__)

#: The folders of `static/`, each under its own hash.
FOLDERS = ("css", "img", "js", "vendor")
#: Versions of a folder, and pieces, that stay in the cache: another server of the same checkout may serve an older version.
KEPT = 40
#: The import statement by which a module names another.
_IMPORT = re.compile(r"^(?:import|export|}).*? from '(\.[^']+)';", re.MULTILINE)
_HASHED = re.compile(r"/[0-9a-f]{12}/")


class Static:
    """Files and pieces by address, and an ASGI application that serves them below `/static`.

    `source` is the folder `static`; `cache` a folder for files that can be made again; `root` the path before `static/` in an
    address: `/`, or a public address' path with a slash at its end. `templates` are the templates of the pieces.
    """

    def __init__(self, source: Path, cache: Path, root: str, templates: Path | None = None) -> None:
        self._source, self._cache, self._root = source, cache, root
        self._watched = [source, *([templates] if templates else [])]
        self._seen = _state(self._watched)
        self._files = _Files(source, cache)
        self._pieces: dict[str, tuple[str, str]] = {}
        self._made: dict[str, Path] = {}  # every piece of this process: a page opened a moment ago may still request one
        self._compressing: asyncio.Task[None] | None = None
        self._closing = threading.Event()

    @property
    def version(self) -> str:
        """A version of all files together: a page made with another version is out of date."""
        return _short(" ".join(self._files.hashes.values()).encode())

    def address(self, path: str) -> str:
        """The address of a source file, such as `js/lab/lab.js`."""
        return f"{self._root}static/{self._files.hashes[path.split('/', 1)[0]]}/{path}"

    def modules(self, entry: str) -> list[str]:
        """Addresses of every module that an entry needs: a browser that gets them at once fetches them in parallel."""
        return [self.address(path) for path in self._files.needed(entry)]

    def inside(self, folder: str) -> list[str]:
        """The modules of a folder: each is an extension, and a file added to the folder is one more."""
        return [path.relative_to(self._source).as_posix() for path in sorted((self._source / folder).glob("*.js"))]

    def piece(self, name: str, key: str, make: Callable[[], str]) -> str:
        """The address of a piece; `make` returns its text, and is called if `key` differs from the last call."""
        known = self._pieces.get(name)
        if known is None or known[0] != key:
            data = make().encode()
            digest = _short(f"{name}\n".encode() + data)  # a folder holds one piece, and two of the same text are two
            folder = self._cache / "pieces" / digest
            if not (folder / name).exists():
                _keep_newest(folder.parent)
                _write(folder / name, data)
            self._made[digest] = folder
            self._files.add(folder, digest)
            self._pieces[name] = known = (key, f"{digest}/{name}")
        return f"{self._root}static/{known[1]}"

    def refresh(self) -> None:
        """Detect that a developer changed a file: its folder then gets another address. Costs about 0.5 ms in a checkout."""
        if self._files.prepared or (seen := _state(self._watched)) == self._seen:
            return
        self._seen = seen
        self._pieces.clear()
        self._renew()
        self.compress_later()

    def compress_later(self) -> None:
        """Compress files in a thread; until then they are served as they are. Once per checkout, never for an installed wheel."""
        if self._compressing is None and self._files.uncompressed:
            self._compressing = asyncio.create_task(self._compress())

    async def close(self) -> None:
        self._closing.set()
        if self._compressing is not None:
            await asyncio.gather(self._compressing, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file. It is read in one piece, from the page cache: a thread per request, as ServeStatic's own application
        starts one, costs a page of fifty modules more than the reading does."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        file = self._files.served.files.get(path)
        if file is None:
            await _missing(path).response(language_of(Request(scope)))(scope, receive, send)
            return
        asked = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in Headers(scope=scope).items()}
        found = file.get_response(scope["method"], asked)
        content = b""
        if found.file is not None:
            with found.file:
                content = found.file.read()
        headers = {name: value for name, value in found.headers if value is not None}
        await Response(content, int(found.status), headers)(scope, receive, send)

    def _renew(self) -> None:
        self._files = _Files(self._source, self._cache)
        for digest, folder in self._made.items():
            self._files.add(folder, digest)

    async def _compress(self) -> None:
        files = self._files
        try:
            for folder in files.uncompressed:
                target = self._cache / "static" / files.hashes[folder]
                _keep_newest(target.parent)
                await asyncio.to_thread(copy, self._source / folder, target, FAST, self._closing.is_set)
            self._renew()
        except OSError as error:
            log.warning("static files are served uncompressed, for they can't be compressed: %s", error)
        finally:
            self._compressing = None


class _Files:
    """The files at one moment. An installed wheel has the compressed forms beside the files, a checkout has them in its cache."""

    def __init__(self, source: Path, cache: Path) -> None:
        self._source = source
        self.prepared = any(source.rglob("*.br"))
        self.hashes = {folder: _hash(source / folder) for folder in FOLDERS}
        self.served = ServeStaticASGI(None, max_age=None, allow_all_origins=False, add_headers_function=_cached_for_ever)
        self.uncompressed: list[str] = []
        for folder, digest in self.hashes.items():
            copied = cache / "static" / digest
            whole = self.prepared or copied.exists()
            if not whole:
                self.uncompressed.append(folder)
            self.served.add_files(copied if copied.exists() and not self.prepared else source / folder, f"{digest}/{folder}")
        self._needed: dict[str, list[str]] = {}

    def add(self, folder: Path, digest: str) -> None:
        self.served.add_files(folder, digest)

    def needed(self, entry: str) -> list[str]:
        if entry not in self._needed:
            found = [entry]
            for module in found:
                text = (self._source / module).read_text(encoding="utf-8")
                imported = (posixpath.normpath(posixpath.join(posixpath.dirname(module), path)) for path in _IMPORT.findall(text))
                found += [path for path in dict.fromkeys(imported) if path not in found]
            self._needed[entry] = found
        return self._needed[entry]


def _missing(path: str) -> Problem:
    """The answer for an address of an earlier version differs from that for an unknown address: the client has an old page open."""
    if _HASHED.match(path):
        return Problem(410, say("this file belongs to another version of Dynascope than the one that runs now; reload the page"))
    return Problem(404, say("there is no such file; a page names the addresses of those that are"))


def _cached_for_ever(headers: WsgiHeaders, path: str, url: str) -> None:
    headers["Cache-Control"] = "private, max-age=31536000, immutable"


def _state(folders: list[Path]) -> list[tuple[str, int, int]]:
    """The size and time of every file."""
    found = []
    for where, names in ((where, names) for folder in folders for where, _, names in os.walk(folder)):
        for name in names:
            path = os.path.join(where, name)
            state = os.stat(path)
            found.append((path, state.st_size, state.st_mtime_ns))
    return found


def _hash(folder: Path) -> str:
    """The hash of the names and contents of all files, without their compressed forms: about 10 ms for 4 MB."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".br", ".gz")):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _write(path: Path, data: bytes) -> None:
    """Write a piece and its compressed forms into a folder that appears complete or not at all."""
    partial = path.parent.with_name(path.parent.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / path.name).write_bytes(data)
    compress(partial / path.name, FAST)
    shutil.rmtree(path.parent, ignore_errors=True)
    partial.rename(path.parent)


def _keep_newest(folder: Path) -> None:
    found = sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime) if folder.exists() else []
    for old in found[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
