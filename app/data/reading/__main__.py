"""One question: `{path, part, format, target, task, most, record}`; one answer: `{"record"}` or `{"bad": {loc, msg, got}}`."""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from app.data.reading.arrays import read_npz
from app.data.reading.found import Bad, Found, learnt
from app.data.reading.tables import read_csv, read_parquet
from dynascope.sentence import pack, said, say

READERS = {"csv": read_csv, "parquet": read_parquet, "npz": read_npz}


def answer(question: dict[str, Any]) -> dict[str, Any]:
    try:
        path = Path(question["path"])
        if not path.stat().st_size:
            raise Bad(say("the file is empty"))
        found = READERS[question["format"]](path, question["target"], question["most"])
        y, task, classes = learnt(found, question["task"])
    except Bad as bad:
        return {"bad": {"loc": bad.loc, "msg": said(bad), "got": bad.got}}
    except MemoryError:
        return {"bad": {"loc": "file", "msg": say("reading it takes more memory than is allowed; give a part of it"), "got": None}}
    record = question["record"] | _record(found, task, classes)
    _write(Path(question["part"]), found.x, y, record)
    return {"record": record}


def _record(found: Found, task: str, classes: list[str]) -> dict[str, Any]:
    return {
        "rows": len(found.x),
        "views": {layout: list(sizes) for layout, sizes in found.views.items()},
        "padded": found.padded,
        "task": task,
        "classes": classes,
        "target": found.target_name,
        "columns": found.columns,
        "features": found.features,
        "ignored": found.ignored,
        "notes": found.notes,
    }


def _write(part: Path, x: np.ndarray, y: np.ndarray, record: dict[str, Any]) -> None:
    """The file is durable when this returns; the server renames it."""
    save_file({"x": np.ascontiguousarray(x), "y": np.ascontiguousarray(y)}, part, {"record": json.dumps(pack(record))})
    with part.open("rb") as file:
        os.fsync(file.fileno())


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"], asked["seconds"]))
    json.dump(pack(answer(asked)), sys.stdout)
