"""CSV and Parquet. An error message names the line and column of a value that can't be used."""

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.data.reading.found import MAX_COLUMNS, MAX_ROWS, MAX_VALUES, MISSING, NAMES, Bad, Found, too_fine
from dynascope.sentence import Sentence, joined, say

#: Rows that are read together; the first of them decide whether a column holds numbers or text.
CHUNK = 5000
#: Why a column is left out that pandas wrote in addition to the table's own columns.
INDEX = say("the index of a table")


def read_csv(path: Path, target: str | None, most: int) -> Found:
    _check_text(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next((line for line in file if line.strip()), "")
        file.seek(0)
        delimiter = max(",;\t", key=re.sub(r'"[^"]*"', "", first).count)
        reader = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            header = [name.strip() for name in next(row for row in reader if row)]
            _check_names(header)
            columns = _Columns(header, target)
            if all(_is_number(name) for name in header):
                raise Bad(say("line 1 has to name the columns, and it holds numbers; put names there"), header[:20])
            for lines, rows in _chunks(reader, len(header)):
                columns.take(lines, [list(values) for values in zip(*rows, strict=True)])
        except csv.Error as error:
            raise Bad(say("line {line} can't be read as CSV: {error}", line=reader.line_num, error=error)) from None
        except StopIteration:
            raise Bad(say("the file is empty")) from None
    return columns.found()


def read_parquet(path: Path, target: str | None, most: int) -> Found:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        meta = file.metadata
        names = [str(name) for name in file.schema_arrow.names]
        _check_names(names)
        unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if unpacked > most or meta.num_rows > MAX_ROWS:
            raise Bad(
                say(
                    "it unpacks to {size} bytes in {rows} rows; {most} bytes and {max_rows} rows are allowed",
                    size=f"{unpacked:,}",
                    rows=f"{meta.num_rows:,}",
                    most=f"{most:,}",
                    max_rows=f"{MAX_ROWS:,}",
                )
            )
        kinds = {name: file.schema_arrow.field(i).type for i, name in enumerate(names)}
        plain = pa.types
        usable = {
            name: plain.is_integer(kind) or plain.is_floating(kind) or plain.is_boolean(kind) or plain.is_decimal(kind) or _is_text(kind)
            for name, kind in kinds.items()
        }
        index = {str(one) for one in (file.schema_arrow.pandas_metadata or {}).get("index_columns", ()) if isinstance(one, str)}
        unusable: dict[str, str] = {name: say("of type {kind}", kind=kinds[name]) for name in names if not usable[name]}
        unusable |= {name: INDEX for name in names if name in index or re.fullmatch(r"__index_level_\d+__", name)}
        columns = _Columns(names, target, unusable)
        columns.by_rows = True
        seen = 0
        for batch in file.iter_batches(CHUNK):
            lines = list(range(seen + 1, seen + 1 + batch.num_rows))
            seen += batch.num_rows
            columns.take(lines, [[] if name in unusable else _strings(batch.column(i), kinds[name]) for i, name in enumerate(names)])
    except (pa.ArrowException, OSError) as error:
        raise Bad(say("it can't be read as Parquet: {error}", error=str(error)[:300])) from None
    return columns.found()


def _is_text(kind: Any) -> bool:
    """Whether values of an Arrow type are read as text; Arrow has several types for text."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)) or _is_binary(inner)


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    checks = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
    return any(check(kind) for check in checks)


def _strings(column: Any, kind: Any) -> list[Any]:
    """Text as text, whole numbers as they are, other numbers as float, None for an empty value.

    Bytes are decoded as UTF-8. Invalid bytes are kept as escapes (`\\xff`), so that no two values become one class.
    """
    import pyarrow as pa

    values = column.to_pylist()
    if _is_text(kind):
        return [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value for value in values]
    return values if pa.types.is_integer(kind) else [None if v is None else float(v) for v in values]


class _Columns:
    """Columns, built chunk by chunk: numbers as float32, the target as it is, text left out."""

    def __init__(self, names: list[str], target: str | None, unusable: dict[str, str] | None = None) -> None:
        if target is not None and target not in names:
            raise Bad(say("there is no column of this name; there are: {list}", list=", ".join(names[:50])), target, "target")
        if len(names) < 2:
            raise Bad(
                say("there is one column ({name}); features and a target are needed", name=repr(names[0]))
                if names
                else say("it has no columns"),
                names,
            )
        self.why = dict(unusable or {})
        last = next((name for name in reversed(names) if self.why.get(name) != INDEX), names[-1])
        self.names, self.target = names, last if target is None else target
        if self.target in self.why:
            raise Bad(
                say("column {target} is {why}; a target is numbers or text", target=repr(self.target), why=self.why[self.target]),
                self.target,
                "target",
            )
        self.by_rows = False
        self._lines: list[int] = []
        self._spans: dict[str, tuple[float, float]] = {}
        self._held: dict[str, list[np.ndarray]] = {name: [] for name in names if name != self.target and name not in self.why}
        self._target: list[Any] = []

    def take(self, lines: list[int], columns: list[list[Any]]) -> None:
        by_name = dict(zip(self.names, columns, strict=True))
        wrong: list[tuple[int, str, Any]] = []
        for i, value in enumerate(by_name[self.target]):
            if _is_missing(value):
                wrong.append((lines[i], self.target, value))
                break
        for name, held in list(self._held.items()):
            values = by_name[name]
            try:
                parsed = np.array(values, np.float64)
                bad = ~np.isfinite(parsed)
            except (ValueError, TypeError):
                parsed = np.array([_number(value) for value in values])
                bad = ~np.isfinite(parsed)
                texts = sum(1 for i in np.flatnonzero(bad) if not _is_missing(values[i]))
                if not held and 2 * texts >= len(values):
                    self.why[name] = say("text")
                    del self._held[name]
                    continue
            bad |= np.abs(np.where(bad, 0, parsed)) > np.finfo(np.float32).max
            if bad.any():
                at = int(np.flatnonzero(bad)[0])
                wrong.append((lines[at], name, values[at]))
            held.append(np.where(bad, 0, parsed).astype(np.float32))
            low, high = self._spans.get(name, (np.inf, -np.inf))
            self._spans[name] = (min(low, float(parsed.min())), max(high, float(parsed.max())))
        if wrong:
            self._refuse(*min(wrong, key=lambda one: one[0]))
        self._lines += lines
        self._target += by_name[self.target]
        if len(self._lines) > MAX_ROWS or len(self._lines) * max(1, len(self._held)) > MAX_VALUES:
            raise Bad(say("more than {rows} rows or {values} values; give a part of them", rows=f"{MAX_ROWS:,}", values=f"{MAX_VALUES:,}"))

    def found(self) -> Found:
        if not self._lines:
            raise Bad(say("it names columns and has no rows"), self.names[:50])
        if not self._held:
            raise Bad(say("no column but the target holds numbers, so there are no features: write categories as numbers"), self.names[:50])
        still = [name for name in self._held if self._spans[name][0] == self._spans[name][1]]
        for name in [name for name in self._held if name not in still and too_fine(*self._spans[name])]:
            low, high = self._spans[name]
            self.why[name] = say(
                "it goes from {low} to {high}, which single precision can't tell apart: subtract {low} from it",
                low=f"{low:.10g}",
                high=f"{high:.10g}",
            )
            del self._held[name]
        if not self._held:
            unused = [say("{name}: {why}", name=repr(name[:80]), why=why) for name, why in list(self.why.items())[:20]]
            raise Bad(say("no column but the target can be used; {list}", list=joined(unused, "; ")))
        x = np.stack([np.concatenate(chunks) for chunks in self._held.values()], axis=1)
        target = np.array(self._target)
        if target.dtype.kind not in "fiubU":
            target = target.astype(str)
        if target.dtype.kind == "U":
            target = np.char.strip(target)
        ignored = [{"column": name, "why": why} for name, why in self.why.items()]
        notes: list[str] = [say("column {name} never varies", name=repr(name)) for name in still[:20]]
        return Found(
            x, target, lambda i: self._place(self._lines[i]), {"vector": (x.shape[1],)}, self.target,
            self.names[:NAMES], list(self._held)[:NAMES], ignored[:NAMES], notes,
        )  # fmt: skip

    def _place(self, line: int) -> Sentence:
        return say("row {number}", number=f"{line:,}") if self.by_rows else say("line {number}", number=f"{line:,}")

    def _refuse(self, line: int, name: str, value: Any) -> None:
        where = say("{place}, column {name}", place=self._place(line), name=repr(name))
        word = say("row") if self.by_rows else say("line")
        if _is_missing(value):
            raise Bad(
                say("{where}: a value is missing; fill it or remove the {word}", where=where, word=word),
                None if value is None else str(value)[:80],
            )
        raise Bad(
            say(
                "{where}: {value} is not a finite number; mend it or remove the {word}",
                where=where,
                value=repr(str(value)[:80]),
                word=word,
            ),
            str(value)[:80],
        )


def _chunks(reader: Any, width: int) -> Iterator[tuple[list[int], list[list[str]]]]:
    """`(lines, rows)`; empty lines are left out. Raises Bad for a row of a different length."""
    lines: list[int] = []
    rows: list[list[str]] = []
    for row in reader:
        if not row:
            continue
        if len(row) != width:
            raise Bad(
                say(
                    "line {line} has {count} values, and line 1 names {width} columns; mend that line",
                    line=f"{reader.line_num:,}",
                    count=len(row),
                    width=width,
                ),
                len(row),
            )
        lines.append(reader.line_num)
        rows.append(row)
        if len(rows) == CHUNK:
            yield lines, rows
            lines, rows = [], []
    if rows:
        yield lines, rows


def _check_text(path: Path) -> None:
    """Checks that the file is UTF-8. Raises Bad naming the line."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        for line, piece in enumerate(iter(lambda: file.readline(1 << 20), b""), 1):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                raise Bad(
                    say("line {line} is not UTF-8 ({reason}); save the file as UTF-8", line=f"{line:,}", reason=error.reason),
                    repr(piece[:40]),
                ) from None
            if b"\0" in piece:
                raise Bad(say("line {line} holds a zero byte: this is no text file", line=f"{line:,}"), repr(piece[:40]))


def _check_names(names: list[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise Bad(say("{count} columns; {most} are allowed", count=f"{len(names):,}", most=f"{MAX_COLUMNS:,}"), len(names))
    unnamed = [str(i) for i, name in enumerate(names, 1) if not name]
    if unnamed:
        raise Bad(say("column {list} has no name; line 1 has to name every column", list=", ".join(unnamed[:20])), names[:50])
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise Bad(say("several columns are named {list}; give each a name of its own", list=", ".join(map(repr, twice[:20]))), twice[:20])


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING) or value != value


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _is_number(text: str) -> bool:
    return bool(np.isfinite(_number(text)))
