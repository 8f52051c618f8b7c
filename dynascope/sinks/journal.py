"""A file of frames that the server has not acknowledged: what a sender keeps, and what a dead sender leaves behind."""

import struct
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct("<IIQ")  # length, crc32, seq of the last message
#: An acknowledged journal is emptied once it is this long.
COMPACT = 4 << 20


class Journal:
    """Frames in order. Memory holds their positions alone, however long the server is away.

    A killed process loses nothing that `append` returned from; a power cut may.
    """

    def __init__(self, path: Path, limit: int = 512 << 20) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w+b", buffering=0)
        self._limit, self._size = limit, 0
        self._waiting: deque[tuple[int, int, int]] = deque()  # last seq, offset, length

    @property
    def full(self) -> bool:
        """Past its limit: the owner should record less from now on."""
        return self._size >= self._limit

    def append(self, last_seq: int, frame: bytes) -> None:
        """Raises OSError where there is no room: nothing of the frame counts then, and it can be tried again."""
        self._file.seek(self._size)
        left = memoryview(_HEADER.pack(len(frame), zlib.crc32(frame), last_seq) + frame)
        while left:  # a disk that is nearly full takes a part
            left = left[self._file.write(left) :]
        self._waiting.append((last_seq, self._size + _HEADER.size, len(frame)))
        self._size += _HEADER.size + len(frame)

    def acknowledge(self, seq: int) -> None:
        while self._waiting and self._waiting[0][0] <= seq:
            self._waiting.popleft()
        if not self._waiting and self._size > COMPACT:
            self._file.truncate(0)
            self._size = 0

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


def read(path: Path) -> Iterator[bytes]:
    """The whole frames of a journal that a dead process left; a torn end is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while len(head := file.read(_HEADER.size)) == _HEADER.size:
            length, crc, _ = _HEADER.unpack(head)
            frame = file.read(length)
            if len(frame) < length or zlib.crc32(frame) != crc:
                return
            yield frame
