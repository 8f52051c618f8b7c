"""Exports of a run: its points, an event file for TensorBoard, or a page that replays it."""

import csv
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from app.deps import CatalogueDep, RunsDep, StoreDep
from app.exports import replay, tensorboard
from app.runs.life import Runs
from app.store import history, records
from app.store.columns import Column
from app.store.database import Store
from app.words.i18n import language_of
from app.words.problems import Problem, documented, no_such_run

log = logging.getLogger(__name__)
router = APIRouter(prefix="/runs/{id}", tags=["series"])

#: Points, and columns of histograms, that are written at once: about one megabyte.
ROWS, COLUMNS = 1 << 15, 256
#: Bytes that are sent at once.
PART = 1 << 16
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "tensorboard": "application/zip",
    "html": "text/html; charset=utf-8",
}
ENDINGS = {"csv": "csv", "parquet": "parquet", "tensorboard": "tensorboard.zip", "html": "html"}
#: `(steps, times)` for interpolation.
Clock = tuple[np.ndarray, np.ndarray]
#: Name, steps, values.
Series = tuple[str, np.ndarray, np.ndarray]
Language = Annotated[Literal["en", "ko"] | None, Query(description="Of `html`; the visitor's own unless told otherwise.")]


class Download(StreamingResponse):
    """A download whose data may be deleted while it is sent: it then stops without its end, so that the client sees an error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Problem as problem:
            log.warning("%s was cut short: %s", scope["path"], problem.detail)


@router.get(
    "/export",
    response_class=Download,
    responses={
        200: {"description": "The file.", "content": {kind.split(";")[0]: {} for kind in TYPES.values()}},
        **documented(401, 404, 422),
    },
)
async def export(
    id: str,
    request: Request,
    runs: RunsDep,
    store: StoreDep,
    catalogue: CatalogueDep,
    format: Literal["csv", "parquet", "tensorboard", "html"] = "csv",
    lang: Language = None,
) -> Download:
    """The run as a file. If the run is deleted during the transfer, the transfer breaks off.

    `csv` and `parquet`: every point of every series, one per row: series, step, value; values that are not finite are written as
    they are. `tensorboard`: a zip of an event file, with every point of every series (as float32) and every stored histogram, and the
    run's record; unpack it and pass its folder as `--logdir`. `html`: one file that replays the run without a server or
    internet access; curves are thinned, but the minimum and maximum of every bucket are kept.
    """
    record = await runs.record(id)
    name = f"dynascope-{record['id']}.{ENDINGS[format]}"
    pieces: AsyncIterator[bytes]
    if format == "html":
        pieces = _one(await replay.written(store, record, await catalogue.get(), lang or language_of(request)))
    elif format == "tensorboard":
        pieces = _tensorboard(store, record)
    else:
        pieces = _csv(store, id) if format == "csv" else _parquet(store, id)
    return Download(_whole(pieces, runs, id), media_type=TYPES[format], headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _whole(pieces: AsyncIterator[bytes], runs: Runs, id: str) -> AsyncIterator[bytes]:
    """All pieces, if the run still exists after the last of them; else Problem 404. They are small, so little waits for a slow client."""
    async for piece in pieces:
        for i in range(0, len(piece), PART):
            yield piece[i : i + PART]
    await runs.record(id)


async def _one(text: str) -> AsyncIterator[bytes]:
    yield await run_in_threadpool(text.encode)


async def _points(store: Store, id: str) -> AsyncIterator[list[Series]]:
    """Every point, series by series, at most ROWS per piece; one long series or several short ones are read at once."""
    for names in _together(await store.read(history.series_sizes, id)):
        read = await store.read(history.read_points, id, names)
        if not read and not await store.read(records.existing, [id]):
            raise no_such_run(id)
        if sum(points.shape[1] for points in read.values()) <= ROWS:
            yield [(name, *points) for name, points in read.items()]
            continue
        for name, points in read.items():
            for i in range(0, points.shape[1], ROWS):
                yield [(name, *points[:, i : i + ROWS])]


def _together(sizes: dict[str, int]) -> Iterator[list[str]]:
    """Groups of neighbouring series with at most ROWS points together; a longer series is a group of its own."""
    group, held = list[str](), 0
    for name, size in sizes.items():
        if group and held + size > ROWS:
            yield group
            group, held = [], 0
        group.append(name)
        held += size
    if group:
        yield group


async def _csv(store: Store, id: str) -> AsyncIterator[bytes]:
    yield b"series,step,value\r\n"
    async for series in _points(store, id):
        yield await run_in_threadpool(_rows, series)


def _rows(series: list[Series]) -> bytes:
    text = io.StringIO()
    write = csv.writer(text).writerows
    for name, steps, values in series:
        write((name, f"{step:.0f}", repr(value)) for step, value in zip(steps.tolist(), values.tolist(), strict=True))
    return text.getvalue().encode()


class _Buffer(io.RawIOBase):
    """A buffer that returns what was written since the last call."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


async def _parquet(store: Store, id: str) -> AsyncIterator[bytes]:
    buffer = _Buffer()
    writer = await run_in_threadpool(_Table, buffer)
    async for series in _points(store, id):
        await run_in_threadpool(writer.add, series)
        yield buffer.take()
    writer.close()
    yield buffer.take()


class _Table:
    """A Parquet file that is written one row group at a time."""

    def __init__(self, file: io.RawIOBase) -> None:
        import pyarrow as pa  # 60 MB and 0.1 s that a server without exports need not spend
        from pyarrow import parquet

        self._pa = pa
        self._schema = pa.schema([("series", pa.dictionary(pa.int32(), pa.string())), ("step", pa.float64()), ("value", pa.float64())])
        # Consecutive numbers, split by byte, take a third of their size in a dictionary encoding.
        split = {"step": "BYTE_STREAM_SPLIT", "value": "BYTE_STREAM_SPLIT"}
        self._writer = parquet.ParquetWriter(file, self._schema, use_dictionary=["series"], column_encoding=split)
        self.close = self._writer.close

    def add(self, series: list[Series]) -> None:
        names, steps, values = zip(*series, strict=True)
        which = np.repeat(np.arange(len(names), dtype=np.int32), [len(column) for column in steps])
        columns = [self._pa.DictionaryArray.from_arrays(which, list(names)), np.concatenate(steps), np.concatenate(values)]
        self._writer.write_table(self._pa.table(columns, schema=self._schema))


async def _tensorboard(store: Store, record: dict[str, Any]) -> AsyncIterator[bytes]:
    """A zip that is written while it is sent: only one piece of the series or of one layer's histograms is in memory at a time."""
    id, buffer = record["id"], _Buffer()
    events = await store.read(history.read_events, id)
    known = tensorboard.clock(events, record)

    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"dynascope-{id}/run.json", json.dumps(record, ensure_ascii=False, indent=2))
        name = f"dynascope-{id}/events.out.tfevents.{record['created']:.0f}.dynascope"
        with archive.open(name, "w", force_zip64=True) as file:
            file.write(tensorboard.opening(float(known[1][0])))
            async for series in _points(store, id):
                await run_in_threadpool(_add_scalars, file, series, known)
                yield buffer.take()
            for kind, layer in await store.read(history.track_names, id):
                columns = await store.read(history.read_histograms, id, kind, layer)
                for i in range(0, len(columns), COLUMNS):
                    await run_in_threadpool(_add_histograms, file, f"{kind}/{layer}", columns[i : i + COLUMNS], known)
                    yield buffer.take()
    yield buffer.take()


def _add_scalars(file: IO[bytes], series: list[Series], known: Clock) -> None:
    for tag, steps, values in series:
        file.write(tensorboard.scalars(tag, steps, values, np.interp(steps, *known)))


def _add_histograms(file: IO[bytes], tag: str, columns: list[Column], known: Clock) -> None:
    at = np.interp([column.last for column in columns], *known)
    file.write(tensorboard.histograms(tag, columns, at))
