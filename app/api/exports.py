"""A run's series as a file."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.deps import RunsDep, StoreDep
from app.problems import documented
from app.store import history
from app.store.database import Store
from app.store.pyramid import LAST, START

router = APIRouter(prefix="/runs/{id}", tags=["series"])

#: Series that are read and written at once.
CHUNK = 32
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": {"text/csv": {}, "application/vnd.apache.parquet": {}}},
        **documented(401, 404, 422),
    },
)
async def export(id: str, runs: RunsDep, store: StoreDep, format: Literal["csv", "parquet"] = "csv") -> StreamingResponse:
    """Every point of every series, one a row: series, step, value. A value that is not finite is written as it is."""
    record = await runs.record(id)
    write = _csv if format == "csv" else _parquet
    name = f"dynascope-{record['id']}.{format}"
    return StreamingResponse(write(store, id), media_type=TYPES[format], headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _points(store: Store, id: str) -> AsyncIterator[list[tuple[str, np.ndarray, np.ndarray]]]:
    names = await store.read(history.series_names, id)
    for i in range(0, len(names), CHUNK):
        read = await store.read(history.read_series, id, names[i : i + CHUNK], 0)
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
    """What pyarrow has written since it was last asked."""

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
