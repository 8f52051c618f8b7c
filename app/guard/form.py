"""multipart/form-data with one file, written to disk as it arrives: neither a large upload nor a wrong one is ever held in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from app.words.problems import Problem
from dynascope.sentence import say
from trainer.spec import FieldError

#: The most bytes of a text field, and the most parts.
MAX_TEXT, MAX_PARTS = 2000, 16


@dataclass
class Form:
    filename: str | None = None
    texts: dict[str, str] = field(default_factory=dict)


async def receive(request: Request, path: Path, allowed: frozenset[str], most: int) -> Form:
    """Returns the text fields, and writes `file` to `path`. Raises Problem: 413 as soon as it is too large, 415, 422."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Problem(415, say("send multipart/form-data with a field `file`, as `curl -F file=@data.csv` does"))
    with path.open("wb") as target:
        parts = _Parts(target, allowed, most)
        try:
            parser = MultipartParser(options[b"boundary"], parts.callbacks())
            async for piece in request.stream():
                parser.write(piece)
        except FormParserError as error:
            raise _wrong("", say("this is no multipart/form-data: {error}", error=str(error)[:200])) from None
        except ClientDisconnect:
            raise Problem(400, say("the connection broke before the file was whole")) from None
    if not parts.whole:
        raise _wrong("", say("the form is cut short: its last boundary is missing"))
    if parts.form.filename is None:
        raise _wrong("file", say("a file is needed, as `curl -F file=@data.csv` sends it"))
    return parts.form


class _Parts:
    """The callbacks of the parser for each part."""

    def __init__(self, target: IO[bytes], allowed: frozenset[str], most: int) -> None:
        self.form, self.whole = Form(), False
        self._target, self._allowed, self._most = target, allowed, most
        self._written = self._count = 0
        self._name, self._text = "", bytearray()
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}

    def callbacks(self) -> Any:
        names = "part_begin part_data part_end header_field header_value header_end headers_finished end"
        return {f"on_{name}": getattr(self, f"_{name}") for name in names.split()}

    def _part_begin(self) -> None:
        self._headers, self._text, self._name = {}, bytearray(), ""
        self._count += 1
        if self._count > MAX_PARTS:
            raise _wrong("", say("more than {most} fields", most=MAX_PARTS))

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = _text(options.get(b"name", b""))
        if self._name == "file":
            if self.form.filename is not None:
                raise _wrong("file", say("one file at a time"))
            self.form.filename = _text(options.get(b"filename", b"")) or "unnamed"
        elif self._name not in self._allowed:
            raise _wrong(
                self._name[:100], say("there is no such field; there are: {list}", list=", ".join(["file", *sorted(self._allowed)]))
            )

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self._written += end - start
            if self._written > self._most:
                raise Problem(
                    413, say("the file has more than {most} bytes, which is the most (DYNASCOPE_MAX_UPLOAD)", most=f"{self._most:,}")
                )
            self._target.write(data[start:end])
        else:
            self._text += data[start:end]
            if len(self._text) > MAX_TEXT:
                raise _wrong(self._name, say("more than {most} bytes", most=MAX_TEXT))

    def _part_end(self) -> None:
        if self._name != "file":
            self.form.texts[self._name] = _text(bytes(self._text))

    def _end(self) -> None:
        self.whole = True


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _wrong(loc: str, msg: str, got: Any = None) -> Problem:
    return Problem.of_fields([FieldError(loc=loc, msg=msg, got=got)])


def chosen(texts: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    """One of a few words, or None if the field is empty. Raises Problem."""
    given = texts.get(name, "").strip()
    if given and given not in allowed:
        raise _wrong(name, say("allowed are {list}; leave it out to have it found", list=", ".join(allowed)), given)
    return given or None
