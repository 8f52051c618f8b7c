"""NPZ: arrays x and y. The declared sizes are checked before unpacking, and the real sizes during it."""

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from app.data.reading.found import MAX_ROWS, MAX_VALUES, Bad, Found
from dynascope.sentence import say

LAYOUTS = {2: "vector", 3: "sequence", 4: "image", 5: "volume"}
PIECE = 1 << 20


def read_npz(path: Path, target: str | None, most: int) -> Found:
    if target not in (None, "y"):
        raise Bad(say("the target of an NPZ is its array y; leave target out"), target, "target")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()[:64]}
            lacking = [name for name in ("x", "y") if name not in members]
            if lacking:
                msg = say("it has no array {list}: save it by numpy.savez(file, x=..., y=...)", list=" and no array ".join(lacking))
                raise Bad(msg, sorted(members)[:20])
            x, y = (_array(archive, members[name], name, most) for name in ("x", "y"))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Bad(say("it can't be read as an NPZ: {error}", error=str(error)[:300])) from None
    others = [{"column": name[:200], "why": say("only x and y are read")} for name in sorted(set(members) - {"x", "y"})]
    return _checked(x, y, others)


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, most: int) -> np.ndarray:
    """Raises Bad for pickled objects, and for more bytes than allowed or than the array's own header says."""
    if info.file_size > most:
        raise Bad(
            say(
                "array {name} says that it unpacks to {size} bytes; {most} are allowed",
                name=name,
                size=f"{info.file_size:,}",
                most=f"{most:,}",
            ),
            info.file_size,
        )
    with archive.open(info) as file:
        try:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, by_columns, dtype = read(file)
        except (ValueError, tokenize.TokenError, SyntaxError) as error:
            raise Bad(say("array {name} has no head that NumPy writes: {error}", name=name, error=str(error)[:200])) from None
        if dtype.hasobject:
            raise Bad(say("array {name} holds pickled Python objects, which are never opened; give it numbers", name=name), str(dtype))
        if dtype.kind not in "fiubU":
            raise Bad(say("array {name} is of type {dtype}; numbers are needed", name=name, dtype=dtype), str(dtype))
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if size > most or int(np.prod(shape, dtype=object)) > MAX_VALUES:
            raise Bad(
                say(
                    "array {name} of shape {shape} takes {size} bytes; {most} and {values} values are allowed",
                    name=name,
                    shape=shape,
                    size=f"{size:,}",
                    most=f"{most:,}",
                    values=f"{MAX_VALUES:,}",
                ),
                list(shape),
            )
        data = bytearray()
        while piece := file.read(min(PIECE, size + 1 - len(data))):
            data += piece
            if len(data) > size:
                break
    if len(data) != size:
        raise Bad(
            say(
                "array {name} of shape {shape} needs {size} bytes and holds {held}",
                name=name,
                shape=shape,
                size=f"{size:,}",
                held=say("more") if len(data) > size else f"{len(data):,}",
            )
        )
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


def _checked(x: np.ndarray, y: np.ndarray, others: list[dict[str, str]]) -> Found:
    if x.ndim not in LAYOUTS or x.dtype.kind == "U":
        said = say("text") if x.dtype.kind == "U" else say("of {ndim} dimensions", ndim=x.ndim)
        raise Bad(
            say("x is {said}; 2 (examples, features) to 5 of numbers are allowed", said=said),
            list(x.shape),
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise Bad(say("y has {ndim} dimensions; one value an example is needed", ndim=y.ndim), list(y.shape))
    if len(x) != len(y):
        raise Bad(say("x has {x} examples and y {y}; they have to be as many", x=f"{len(x):,}", y=f"{len(y):,}"), [len(x), len(y)])
    if len(x) > MAX_ROWS or 0 in x.shape[1:]:
        raise Bad(
            say("x is of shape {shape}; 1 to {most} examples of at least one value are needed", shape=x.shape, most=f"{MAX_ROWS:,}"),
            list(x.shape),
        )
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(x, dtype=np.float32)
    views: dict[str, tuple[int, ...]] = {LAYOUTS[x.ndim]: values.shape[1:]}
    padded = _check_finite(values)
    if not padded:
        if x.ndim == 4 and x.shape[1] == 1:
            views["sequence"] = values.shape[2:]
        views["vector"] = (int(np.prod(values.shape[1:])),)
    notes: list[str] = []
    if x.ndim == 4 and x.shape[-1] in (1, 3, 4) and x.shape[1] not in (1, 3, 4):
        notes.append(
            say(
                "x is read as (examples, channels, rows, columns), so an image has {count} channels; are they the last axis?",
                count=x.shape[1],
            )
        )
    return Found(values, y, lambda i: f"y[{i}]", views, "y", ["x", "y"], ["x"], others, notes, padded)


def _check_finite(x: np.ndarray) -> bool:
    """Whether sequences end in NaN, which is padding. Raises Bad for any other value that is not finite."""
    bad = ~np.isfinite(x)
    if not bad.any():
        return False
    if x.ndim == 3:
        gone = np.isnan(x).all(axis=2)
        behind = np.logical_and.accumulate(gone[:, ::-1], axis=1)[:, ::-1]
        if bool((bad == behind[:, :, None]).all()) and not gone[:, 0].any():
            return True
    at: Any = tuple(int(i) for i in np.argwhere(bad)[0])
    hint = say("; NaN may only fill the end of a sequence, in every feature") if x.ndim == 3 else ""
    raise Bad(
        say("x{place} is {value}; every value has to be a finite number{hint}", place=list(at), value=f"{x[at]:g}", hint=hint), str(x[at])
    )
