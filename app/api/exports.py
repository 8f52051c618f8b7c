"""A run as a file: its points, an event file for TensorBoard, or a page that replays it."""

import asyncio
import csv
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app import replay, tensorboard
from app.deps import CatalogueDep, RunsDep, StoreDep
from app.i18n import language_of
from app.problems import Problem, documented, no_such_run
from app.runs import Runs
from app.store import history
from app.store.database import Store
from app.store.pyramid import LAST, START

log = logging.getLogger(__name__)
router = APIRouter(prefix="/runs/{id}", tags=["series"])

#: Series that are read and written at once.
CHUNK = 32
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "tensorboard": "application/zip",
    "html": "text/html; charset=utf-8",
}
ENDINGS = {"csv": "csv", "parquet": "parquet", "tensorboard": "tensorboard.zip", "html": "html"}
Language = Annotated[Literal["en", "ko"] | None, Query(description="Of `html`; the visitor's own unless told otherwise.")]


class Download(StreamingResponse):
    """A file whose parts may turn out to be gone while it goes out: it is then left without its end, which a client is told of."""

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
    """The run as a file; of a run that is deleted meanwhile, a transfer that breaks off.

    `csv` and `parquet`: every point of every series, one a row: series, step, value; a value that is not finite is written as
    it is. `tensorboard`: a zip of an event file, every point of every series (as float32) and every stored histogram, beside the
    run's record; unpack it and give its folder as `--logdir`. `html`: one file that replays the run with no server and no
    internet, thinned with every stretch's min and max kept.
    """
    record = await runs.record(id)
    name = f"dynascope-{record['id']}.{ENDINGS[format]}"
    pieces: AsyncIterator[str] | AsyncIterator[bytes]
    if format == "html":
        pieces = _one(await replay.written(store, record, await catalogue.get(), lang or language_of(request)))
    elif format == "tensorboard":
        pieces = _tensorboard(store, record)
    else:
        pieces = _csv(store, id) if format == "csv" else _parquet(store, id)
    return Download(_whole(pieces, runs, id), media_type=TYPES[format], headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _whole(pieces: AsyncIterator[Any], runs: Runs, id: str) -> AsyncIterator[Any]:
    """All pieces of a run that is still there after the last of them; else Problem 404."""
    async for piece in pieces:
        yield piece
    await runs.record(id)


async def _one(text: str) -> AsyncIterator[str]:
    yield text


async def _points(store: Store, id: str) -> AsyncIterator[list[tuple[str, np.ndarray, np.ndarray]]]:
    names = await store.read(history.series_names, id)
    for i in range(0, len(names), CHUNK):
        read = await store.read(history.read_series, id, names[i : i + CHUNK], 0)
        if not read:
            raise no_such_run(id)
        yield [(name, buckets.table[START], buckets.table[LAST]) for name, (_, buckets) in read.items()]


async def _csv(store: Store, id: str) -> AsyncIterator[str]:
    yield "series,step,value\r\n"
    async for series in _points(store, id):
        for name, steps, values in series:
            yield await asyncio.to_thread(_rows, name, steps, values)


def _rows(name: str, steps: np.ndarray, values: np.ndarray) -> str:
    text = io.StringIO()
    csv.writer(text).writerows((name, f"{step:.0f}", repr(value)) for step, value in zip(steps.tolist(), values.tolist(), strict=True))
    return text.getvalue()


class _Buffer(io.RawIOBase):
    """What was written since it was last asked for."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def take(self) -> Iterator[bytes]:
        parts, self.parts = self.parts, []
        yield from parts


async def _parquet(store: Store, id: str) -> AsyncIterator[bytes]:
    import pyarrow as pa  # 60 MB and 0.1 s that a server without exports need not pay
    from pyarrow import parquet

    schema = pa.schema([("series", pa.dictionary(pa.int32(), pa.string())), ("step", pa.float64()), ("value", pa.float64())])
    buffer = _Buffer()
    writer = parquet.ParquetWriter(buffer, schema)
    async for series in _points(store, id):
        columns = [
            pa.array([name for name, steps, _ in series for _ in range(len(steps))]).dictionary_encode(),
            pa.array(np.concatenate([steps for _, steps, _ in series])),
            pa.array(np.concatenate([values for _, _, values in series])),
        ]
        await asyncio.to_thread(writer.write_table, pa.table(columns, schema=schema))
        for part in buffer.take():
            yield part
    writer.close()
    for part in buffer.take():
        yield part


async def _tensorboard(store: Store, record: dict[str, Any]) -> AsyncIterator[bytes]:
    """A zip that is written while it goes out: nothing but one series or one layer's histograms is held at once."""
    id, buffer = record["id"], _Buffer()
    events = await store.read(history.read_events, id)
    known = tensorboard.clock(events, record["started"] or record["created"], record["ended"], record["step"] or 0.0)

    def times(steps: np.ndarray) -> np.ndarray:
        return np.interp(steps, *known)

    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"dynascope-{id}/run.json", json.dumps(record, ensure_ascii=False, indent=2))
        name = f"dynascope-{id}/events.out.tfevents.{record['created']:.0f}.dynascope"
        with archive.open(name, "w", force_zip64=True) as file:
            file.write(tensorboard.opening(record["started"] or record["created"]))
            async for series in _points(store, id):
                for tag, steps, values in series:
                    file.write(await asyncio.to_thread(tensorboard.scalars, tag, steps, values, times(steps)))
                    for part in buffer.take():
                        yield part
            for kind, layer in await store.read(history.track_names, id):
                columns = await store.read(history.read_histograms, id, kind, layer)
                at = times(np.array([column.last for column in columns]))
                file.write(await asyncio.to_thread(tensorboard.histograms, f"{kind}/{layer}", columns, at))
                for part in buffer.take():
                    yield part
    for part in buffer.take():
        yield part
