"""A study as a tidy table: one row per cell and seed with the axes' values, seed, run, status and every final value."""

import csv
import io
import json
from typing import Any


def columns(study: dict[str, Any]) -> dict[str, list[Any]]:
    """Name → values, for a study as `findings.whole` returns it. Refused cells have no rows."""
    cells = [cell for cell in study["cells"] if not cell["refused"]]
    rows = [(cell, i, told) for cell in cells for i, told in enumerate(cell["runs"])]
    out: dict[str, list[Any]] = {axis["path"]: _alike([cell["values"][axis["path"]] for cell, _, _ in rows]) for axis in study["axes"]}
    out |= {name: [told[name] for _, _, told in rows] for name in ("seed", "run", "status")}
    for name in sorted({name for cell in cells for name in cell["finals"]}):
        out[name] = [cell["finals"][name]["values"][i] if name in cell["finals"] else None for cell, i, _ in rows]
    return out


def as_csv(study: dict[str, Any]) -> bytes:
    """A missing value is an empty field."""
    table, text = columns(study), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return text.getvalue().encode()


def as_parquet(study: dict[str, Any]) -> bytes:
    import pyarrow as pa  # 60 MB and 0.1 s that a server without exports need not spend
    from pyarrow import parquet

    table = columns(study)
    axes = [axis["path"] for axis in study["axes"]]
    types = {"seed": pa.int64(), "run": pa.string(), "status": pa.string()}
    arrays = {name: pa.array(held, None if name in axes else types.get(name, pa.float64())) for name, held in table.items()}
    buffer = io.BytesIO()
    parquet.write_table(pa.table(arrays), buffer)
    return buffer.getvalue()


def _alike(values: list[Any]) -> list[Any]:
    """Numbers, booleans or text as they are; anything else as JSON, so that a column has one type."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return values if kinds == {int} else [None if value is None else float(value) for value in values]
    if kinds in ({str}, {bool}):
        return values
    return [None if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
