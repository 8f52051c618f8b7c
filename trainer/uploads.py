"""The users' uploads, checked and stored by the server: one safetensors file for each, with its record in the file's header."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from dynascope.sentence import say
from trainer.folder import data_folder
from trainer.registry import Refused

HEAD = struct.Struct("<Q")


def upload_path(id: str) -> Path:
    return data_folder() / "datasets" / f"{id}.safetensors"


def upload_record(id: str, format: str) -> dict[str, Any]:
    """The record of an upload. `format`: "table" or "arrays". Raises Refused, naming the existing uploads, if there is none of this id."""
    known = {path.stem: _record(path) for path in sorted((data_folder() / "datasets").glob("*.safetensors"))}
    fits = {key: record for key, record in known.items() if record["format"] == format}
    if id not in fits:
        there = ", ".join((f"{key} ({record['name']})" for key, record in list(fits.items())[:20])) or say("none yet")
        what = say("a CSV or Parquet file") if format == "table" else say("an NPZ file")
        said = say("choose an upload") if not id else say("there is no upload of this id")
        raise Refused(
            "id",
            say(
                "{said}: {what}, by the page, `dynascope data add` or POST /api/datasets. There are: {there}",
                said=said,
                what=what,
                there=there,
            ),
            id,
        )
    return fits[id]


def upload_arrays(id: str) -> tuple[np.ndarray, np.ndarray]:
    """`x`: float32[examples, ...], `y`: int64[examples] or float32[examples]."""
    held = load_file(upload_path(id))
    return held["x"], held["y"]


def _record(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        head = json.loads(file.read(HEAD.unpack(file.read(HEAD.size))[0]))
    record: dict[str, Any] = json.loads(head["__metadata__"]["record"])
    return record
