"""A run as an event file that TensorBoard reads, made without TensorFlow: TFRecords of `Event` messages.

A record is its length (u64), the length's checksum, the message, its checksum; a checksum is CRC-32C, rotated by 15 bits and
offset (tensorflow/core/lib/io/record_writer). The messages contain only the few fields of event.proto and summary.proto that are
used here, encoded by hand. All points of a series give messages of one length, so they are made and checked as columns of a
table: about a microsecond per point.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.store.columns import Column
from dynascope import bins

#: Bytes of a step as a varint: padded to one length, which every reader accepts; 56 bits hold any step.
_STEP_BYTES = 8
_MASK = np.uint32(0xA282EAD8)
#: The outer edges of TensorBoard's last and first bucket, in place of ±infinity.
_OUTERMOST = 2.0 ** (bins.MAX_EXPONENT + 1)


def _table() -> np.ndarray:
    """CRC-32C of each byte, reflected polynomial 0x82F63B78."""
    crc = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crc = np.where(crc & 1, (crc >> 1) ^ np.uint32(0x82F63B78), crc >> 1).astype(np.uint32)
    return crc


_CRC = _table()


def masked_crc(rows: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """uint8[n, length] → the masked CRC-32C of each row, uint32[n]; or of its first `lengths` bytes, sorted in descending order."""
    crc = np.full(len(rows), 0xFFFFFFFF, dtype=np.uint32)
    for i, column in enumerate(rows.T):
        n = len(rows) if lengths is None else int(np.searchsorted(-lengths, -i))  # rows that are longer than i
        crc[:n] = _CRC[(crc[:n] ^ column[:n]) & 0xFF] ^ (crc[:n] >> 8)
    crc = ~crc
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + _MASK


def records(messages: np.ndarray) -> bytes:
    """uint8[n, length], one message per row → their records, concatenated."""
    n, length = messages.shape
    head = np.frombuffer(int(length).to_bytes(8, "little"), np.uint8)[None]
    parts = [head, _bytes(masked_crc(head)), messages, _bytes(masked_crc(messages))]
    return np.concatenate([np.broadcast_to(part, (n, part.shape[1])) for part in parts], axis=1).tobytes()


def ragged(messages: Sequence[bytes]) -> bytes:
    """Like `records`, for messages of different lengths; the order stays the same."""
    order = sorted(range(len(messages)), key=lambda i: -len(messages[i]))
    lengths = np.array([len(messages[i]) for i in order])
    rows = np.zeros((len(order), int(lengths.max(initial=0))), np.uint8)
    for row, i in zip(rows, order, strict=True):
        row[: len(messages[i])] = np.frombuffer(messages[i], np.uint8)
    heads = _bytes(lengths.astype("<u8"))
    parts = {}
    for i, head, of_head, body in zip(order, heads, masked_crc(heads), masked_crc(rows, lengths), strict=True):
        parts[i] = head.tobytes() + of_head.tobytes() + messages[i] + body.tobytes()
    return b"".join(parts[i] for i in range(len(messages)))


def opening(time: float) -> bytes:
    """The first record of a file."""
    return _record(_field(1, np.float64(time)) + _field(3, b"brain.Event:2"))


def scalars(tag: str, steps: np.ndarray, values: np.ndarray, times: np.ndarray) -> bytes:
    """A series; values as float32, because TensorBoard keeps only that."""
    with np.errstate(over="ignore"):
        narrow = values.astype("<f4")
    name = _field(1, tag.encode())
    value = b"\x0a" + _varint(len(name) + 5) + name + b"\x15"
    summary = b"\x2a" + _varint(len(value) + 4) + value
    fixed = [np.frombuffer(part, np.uint8)[None] for part in (b"\x09", b"\x10", summary)]
    n = len(steps)
    parts = [fixed[0], _bytes(times.astype("<f8")), fixed[1], _padded_varints(steps), fixed[2], _bytes(narrow)]
    return records(np.concatenate([np.broadcast_to(part, (n, part.shape[1])) for part in parts], axis=1))


def histograms(tag: str, columns: Sequence[Column], times: np.ndarray) -> bytes:
    """Counts over the fixed bins; each column is one event at its last step.

    NaN and ±infinity have no place in TensorBoard's histograms and are left out. Sum and sum of squares, which bins don't hold,
    are computed from the bin centres; minimum and maximum are the outer edges of the outermost bins that are not empty.
    """
    limits, lows, middles = _limits()
    out = []
    for column, time in zip(columns, times, strict=True):
        slots, counts = column.bins.astype(int), column.counts.astype(np.float64)
        kept = slots <= 2 * bins.SIDE
        slots, counts = slots[kept], counts[kept]
        if not len(slots):
            continue
        first, last = int(slots.min()), int(slots.max())
        bucket = np.bincount(slots - first, counts, last - first + 1)
        between = middles[first : last + 1]
        numbers = (lows[first], limits[last], counts.sum(), bucket @ between, bucket @ between**2)
        histogram = b"".join(_field(i + 1, np.float64(x)) for i, x in enumerate(numbers))
        histogram += _field(6, limits[first : last + 1].tobytes()) + _field(7, bucket.tobytes())
        event = _field(1, np.float64(time)) + b"\x10" + _varint(int(column.last))
        out.append(event + _field(5, _field(1, _field(1, tag.encode()) + _field(5, histogram))))
    return ragged(out)


def clock(events: Sequence[dict[str, Any]], record: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """`(steps, times)` for interpolation: the time of a step is known only if an event happened at it.

    Events are in chronological order. Everything that happened at step s happened between steps s - 1 and s, so time can
    pass there without a step: a pause, or the hours between two attempts.
    """
    starts = _starts(events, record)
    spans: dict[float, list[float]] = {}
    for event in events:
        waited = starts.get(event["attempt"], 0.0) if event["kind"] == "resumed" else 0.0
        spans.setdefault(float(event["step"]), []).append(max(float(event["time"]), waited))
    first = float(record["forked_at"] or 0.0)
    began = starts.get(1) or record["created"]
    known = [(first - 0.5, min([began, *(times[0] for times in spans.values())]))]
    for step, times in sorted(spans.items()):
        known += [(step - 0.5, times[0]), (step, max(times))]
    if record["ended"] is not None:
        known.append((max(record["step"] or 0.0, known[-1][0]), record["ended"]))
    steps, at = np.array(known, np.float64).T
    return steps, np.maximum.accumulate(at)


def _starts(events: Sequence[dict[str, Any]], record: dict[str, Any]) -> dict[int, float]:
    """Attempt → the time when its worker was started. A run's record has only the newest; resume events give the earlier ones."""
    told = [event["data"].get("started", {}) for event in events if event["kind"] == "resumed"]
    starts = {int(attempt): float(time) for attempt, time in (told[-1] if told else {}).items()}
    return starts | ({record["attempt"]: record["started"]} if record["started"] else {})


def _limits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`(upper, lower, middle)` of each slot on the number line. The bin of exact zero gets a width, because TensorBoard needs one."""
    low, high = (np.clip(edge, -_OUTERMOST, _OUTERMOST) for edge in bins.edges())
    middle = (low + high) / 2
    high[bins.ZERO] = np.finfo(np.float32).tiny
    return high, low, middle


def _record(message: bytes) -> bytes:
    return records(np.frombuffer(message, np.uint8)[None])


def _field(number: int, value: bytes | np.float64) -> bytes:
    if isinstance(value, np.float64):
        return bytes([number << 3 | 1]) + value.tobytes()
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _padded_varints(steps: np.ndarray) -> np.ndarray:
    """uint8[n, _STEP_BYTES]."""
    whole = np.maximum(steps, 0).astype(np.uint64)[:, None]
    shifts = 7 * np.arange(_STEP_BYTES, dtype=np.uint64)[None]
    parts = ((whole >> shifts) & np.uint64(0x7F)).astype(np.uint8)
    parts[:, :-1] |= 0x80
    return parts


def _bytes(column: np.ndarray) -> np.ndarray:
    """One row of bytes per value, little-endian."""
    return np.ascontiguousarray(column, column.dtype.newbyteorder("<")).view(np.uint8).reshape(len(column), -1)
