"""A file of frames that the server has not acknowledged. The sender writes it; if the sender dies, the server reads it."""

import logging
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

_HEADER = struct.Struct("<IIQ")  # length, crc32, seq of the last message
#: Acknowledged bytes are removed when they exceed this and the waiting bytes: copying then costs less than writing did.
COMPACT = 4 << 20

log = logging.getLogger(__name__)


class Journal:
    """Frames in order. Memory holds only their positions, however long the server is away.

    `limit` is for waiting bytes; the file is at most twice as long plus COMPACT. If the process is killed, no frame is lost
    after its `append` has returned; after a power cut, frames may be lost.
    """

    def __init__(self, path: Path, limit: int = 512 << 20) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("w+b", buffering=0)
        self._limit, self._size, self._bytes_waiting = limit, 0, 0
        self._waiting: deque[tuple[int, int, int]] = deque()  # last seq, offset, length

    @property
    def full(self) -> bool:
        """The waiting bytes have reached the limit: the owner should record less until frames are acknowledged."""
        return self._bytes_waiting >= self._limit

    def append(self, last_seq: int, frame: bytes) -> None:
        """Raises OSError if there is no space: the frame is then not in the journal, and the call can be repeated."""
        self._file.seek(self._size)
        _write(self._file, _HEADER.pack(len(frame), zlib.crc32(frame), last_seq) + frame)
        self._waiting.append((last_seq, self._size + _HEADER.size, len(frame)))
        self._size += _HEADER.size + len(frame)
        self._bytes_waiting += _HEADER.size + len(frame)

    def acknowledge(self, seq: int) -> None:
        while self._waiting and self._waiting[0][0] <= seq:
            self._bytes_waiting -= _HEADER.size + self._waiting.popleft()[2]
        if self._size - self._bytes_waiting > max(COMPACT, self._bytes_waiting):
            try:
                self._compact()
            except OSError as trouble:  # the old file is still complete; the next acknowledgement tries again
                log.warning("%s can't be shortened: %s", self._path, trouble)

    def _compact(self) -> None:
        """Copy the waiting frames to a new file that replaces this one atomically: if the process is killed, one complete file exists."""
        beginning = self._size - self._bytes_waiting
        partial = self._path.with_name(self._path.name + ".part")
        fresh = partial.open("w+b", buffering=0)
        try:
            self._file.seek(beginning)
            left = self._bytes_waiting
            while left:
                piece = self._file.read(min(left, COMPACT))
                if not piece:
                    raise OSError("it is shorter than what was written to it")
                _write(fresh, piece)
                left -= len(piece)
            os.replace(partial, self._path)
        except BaseException:
            fresh.close()
            partial.unlink(missing_ok=True)
            raise
        self._file.close()
        self._file, self._size = fresh, self._bytes_waiting
        self._waiting = deque((last, offset - beginning, length) for last, offset, length in self._waiting)

    def unacknowledged(self, after: int) -> Iterator[tuple[int, bytes]]:
        """`(last seq, frame)` of every frame whose last message comes after `after`."""
        for last_seq, offset, length in list(self._waiting):
            if last_seq > after:
                self._file.seek(offset)
                yield last_seq, self._file.read(length)

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        self._file.close()


def _write(file: FileIO, data: bytes) -> None:
    """Write all the data: a write to a nearly full disk may be partial."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def read(path: Path) -> Iterator[bytes]:
    """The complete frames in the journal of a dead process; an incomplete frame at the end is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while len(head := file.read(_HEADER.size)) == _HEADER.size:
            length, crc, _ = _HEADER.unpack(head)
            frame = file.read(length)
            if len(frame) < length or zlib.crc32(frame) != crc:
                return
            yield frame
