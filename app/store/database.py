"""One writer, many readers.

Every write goes through one thread with one connection, which also does all checkpointing: SQLite before 3.51.3 can
corrupt a WAL that two connections reset. Readers see a consistent snapshot for as long as their transaction lasts.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

log = logging.getLogger(__name__)
T = TypeVar("T")

VERSIONS = Path(__file__).parent / "migrations" / "versions"
#: Writes that may wait for the writer thread; whoever comes next waits to be let in.
PENDING = 64
#: Seconds for which a write that went well tells that others will.
TRY = 1.0


class Store:
    def __init__(self, url: str) -> None:
        self._url = url
        self._writing = _engine(url, write=True)
        self._reading = _engine(url, write=False)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="store-reader")
        self._gate = asyncio.Semaphore(PENDING)
        self._trying, self._tried = asyncio.Lock(), -TRY

    async def open(self) -> None:
        """Bring the schema up to date; alembic is imported only where the revision differs (0.2 s)."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._migrate)

    async def write(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` in one transaction on the writer thread: durable when this returns."""
        async with self._gate:
            return await asyncio.get_running_loop().run_in_executor(self._writer, self._transact, self._writing, job, args)

    async def try_writing(self) -> None:
        """Raises DBAPIError where nothing can be written. However many ask, it is tried once in a while."""
        async with self._trying:
            if time.monotonic() - self._tried > TRY:
                await self.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = version_num")))
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
        if _revision(self._writing) == head():
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(VERSIONS.parent))
        with self._writing.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("database schema brought to %s", head())


def head() -> str:
    """The newest revision, by its file's name: `0001_first.py` is revision `0001`."""
    return max(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def _revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            return connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DatabaseError:
        return None


def _engine(url: str, write: bool) -> Engine:
    engine = create_engine(url, poolclass=QueuePool, pool_size=1 if write else 4, max_overflow=0)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_writer if write else _sqlite_reader)
        # pysqlite opens no transaction for a SELECT, so two of them could see different states.
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
