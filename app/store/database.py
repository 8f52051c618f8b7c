"""One writer, many readers.

Every write goes through one thread with one connection, which also does all checkpointing: SQLite before 3.51.3 can
corrupt a WAL that two connections reset. Readers see a consistent snapshot for as long as their transaction lasts.
"""

import asyncio
import errno
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from app.folders import Unusable, refusal

log = logging.getLogger(__name__)
T = TypeVar("T")

VERSIONS = Path(__file__).parent / "migrations" / "versions"
#: Writes that may wait for the writer thread; later ones wait until there is room.
PENDING = 64
#: Seconds for which a successful write counts as proof that writing works.
TRY = 1.0
#: The most seconds for connecting to a database on another machine.
CONNECT = 10
#: Changes nothing, and fails if the database can't be written.
TOUCH = text("UPDATE alembic_version SET version_num = version_num")
#: The first bytes of every SQLite file.
MAGIC = b"SQLite format 3\0"
ANOTHER = "give --data another folder, or DYNASCOPE_DATABASE_URL another database"


class Store:
    def __init__(self, url: str) -> None:
        self._url = url
        self._writing = _engine(url, write=True)
        self._reading = _engine(url, write=False)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="store-reader")
        self._gate = asyncio.Semaphore(PENDING)
        self._trying, self._tried = asyncio.Lock(), -TRY

    def prepare(self) -> None:
        """Does now what `open` does later: called before the server starts. Raises Unusable."""
        self._writer.submit(self._prepare).result()

    def _prepare(self) -> None:
        url = make_url(self._url)
        try:
            self._migrate()
            with self._writing.begin() as connection:
                connection.execute(TOUCH)
        except DBAPIError as error:
            said = " ".join(str(error.orig).split())
            raise Unusable(f"the database {_shown(url)} can't be used: {said}; mend that, or {_another(url)}") from None

    async def open(self) -> None:
        """Update the schema to the newest revision; alembic is imported only if the revision differs (0.2 s)."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._migrate)

    async def write(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` in one transaction on the writer thread: durable when this returns."""
        async with self._gate:
            return await asyncio.get_running_loop().run_in_executor(self._writer, self._transact, self._writing, job, args)

    async def try_writing(self) -> None:
        """Raises DBAPIError if nothing can be written. It is tried only once in a while, however many requests ask."""
        async with self._trying:
            if time.monotonic() - self._tried > TRY:
                await self.write(lambda connection: connection.execute(TOUCH))
                self._tried = time.monotonic()

    async def read(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` over one consistent snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._transact, self._reading, job, args)

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        self._reading.dispose()
        self._writing.dispose()

    @staticmethod
    def _transact(engine: Engine, job: Callable[..., T], args: tuple[Any, ...]) -> T:
        with engine.begin() as connection:
            return job(connection, *args)

    def _migrate(self) -> None:
        if self._revision() == head():
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(VERSIONS.parent))
        with self._writing.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("database schema brought to %s", head())

    def _revision(self) -> str | None:
        """None for an empty database. Raises Unusable if it belongs to another program or to a newer Dynascope."""
        with self._reading.connect() as connection:  # this changes nothing in it, not even its journal mode
            seen = inspect(connection)
            if seen.has_table("alembic_version"):
                found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            else:
                found = None
            tables = [] if found else sorted(set(seen.get_table_names()) - {"alembic_version"})
        url = make_url(self._url)
        shown = _shown(url)
        if tables:
            raise Unusable(f"the database {shown} is another program's: it has the tables {', '.join(tables[:5])}; {_another(url)}")
        if found and found not in revisions():
            raise Unusable(
                f"the schema of the database {shown} is {found}, this version knows up to {head()}: upgrade Dynascope, or {_another(url)}"
            )
        return found


def revisions() -> list[str]:
    """Every revision, from its file's name: `0001_first.py` is revision `0001`."""
    return sorted(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def head() -> str:
    return revisions()[-1]


def try_database(url: str) -> None:
    """Checks that are possible without opening the database. Raises Unusable."""
    try:
        parsed = make_url(url)
        dialect = parsed.get_dialect()
        dialect.import_dbapi()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise Unusable("DYNASCOPE_DATABASE_URL is no database's URL; it is like postgresql+psycopg://user:password@host/name") from None
    except ModuleNotFoundError as missing:
        raise Unusable(f"the database {_shown(parsed)} needs {missing.name}, which is not installed; install it beside Dynascope") from None
    if dialect.name == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise Unusable(f"a database in memory is gone with each connection; {ANOTHER}, in a file")
        _try_file(Path(parsed.database))


def _try_file(path: Path) -> None:
    """SQLite keeps two more files beside a database in use, and a killed server leaves them."""
    if path.is_dir():
        raise Unusable(f"the database {path} is a folder; move it away, or {ANOTHER}")
    if not path.parent.is_dir():
        raise Unusable(f"the database {path} can't be made: there is no folder {path.parent}; make it, or {ANOTHER}")
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise Unusable(f"{refusal(file, denied)}, or {ANOTHER}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        raise Unusable(f"{refusal(path.parent, denied)}, or {ANOTHER}")
    if path.exists():
        with path.open("rb") as opened:
            begins = opened.read(len(MAGIC))
        if begins not in (b"", MAGIC):
            raise Unusable(f"{path} is no SQLite database; move it away, or {ANOTHER}")


def _another(url: URL) -> str:
    return ANOTHER if url.get_backend_name() == "sqlite" else "give another in DYNASCOPE_DATABASE_URL"


def _shown(url: URL) -> str:
    """The URL without its password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _engine(url: str, write: bool) -> Engine:
    waits = {"connect_timeout": CONNECT} if make_url(url).get_backend_name() == "postgresql" else {}
    engine = create_engine(url, poolclass=QueuePool, pool_size=1 if write else 4, max_overflow=0, connect_args=waits)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_writer if write else _sqlite_reader)
        # pysqlite opens no transaction for a SELECT, so two SELECTs could read different states.
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN"))
    return engine


def _pragmas(connection: Any, pragmas: dict[str, str | int]) -> None:
    connection.isolation_level = None
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name}={value}")


def _sqlite_writer(connection: Any, _: Any) -> None:
    _pragmas(connection, {"journal_mode": "WAL", "synchronous": "FULL", "foreign_keys": "ON", "busy_timeout": 10_000})


def _sqlite_reader(connection: Any, _: Any) -> None:
    _pragmas(connection, {"wal_autocheckpoint": 0, "query_only": "ON", "busy_timeout": 10_000})
