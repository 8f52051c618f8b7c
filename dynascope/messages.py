"""The wire vocabulary between a trainer and the server: closed, tagged and versioned.

A trainer sends *frames*, msgpack arrays of messages, over `/api/ingest`; the server answers with `Ack` and `Control`.
Messages are columnar over steps. Arrays travel as little-endian bytes, so neither side loops over numbers.
`(run, attempt, seq)` numbers every message: `seq` starts at 1 and has no gaps within an attempt.
"""

from typing import Any

import msgspec

PROTOCOL = 1

STEP = "<f8"
VALUE = "<f8"
OFFSET = "<u4"
BIN = "<u2"
COUNT = "<u4"
CELL = "<f4"


class Layer(msgspec.Struct, frozen=True):
    """A layer as the instrument names it; layers are in the order in which data pass them."""

    name: str
    kind: str
    parameters: int
    norm: str | None = None
    activation: str | None = None
    units: int | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    run: str
    attempt: int
    seq: int


class RunStarted(Message, frozen=True, kw_only=True, tag="run_started"):
    """The first message of an attempt. `preloaded` is false if the worker had to import torch itself."""

    protocol: int
    pid: int
    layers: list[Layer]
    preloaded: bool


class Scalars(Message, frozen=True, kw_only=True, tag="scalars"):
    """Series that share their steps: `steps` is `STEP[n]`, `values` is `VALUE[len(names), n]`."""

    names: list[str]
    steps: bytes
    values: bytes


class LayerStats(Message, frozen=True, kw_only=True, tag="layer_stats"):
    """Quantities per layer: `steps` is `STEP[n]`, `values` is `VALUE[n, len(layers), len(quantities)]`.

    NaN marks a quantity that does not apply to a layer. A quantity that applies but is not finite is ±inf or NaN in
    a cell that `applies` marks (one byte per cell, layers × quantities).
    """

    layers: list[str]
    quantities: list[str]
    applies: bytes
    steps: bytes
    values: bytes


class Histograms(Message, frozen=True, kw_only=True, tag="histograms"):
    """Sparse counts over `dynascope.bins` of one kind (`activation`, `gradient`, `weight`).

    Cell `i = step_index * len(layers) + layer_index` owns `bins[offsets[i]:offsets[i+1]]` (`BIN`) and the same range of
    `counts` (`COUNT`); `offsets` is `OFFSET[n * len(layers) + 1]`.
    """

    kind: str
    bins_version: int
    layers: list[str]
    steps: bytes
    offsets: bytes
    bins: bytes
    counts: bytes


class Matrix(Message, frozen=True, kw_only=True, tag="matrix"):
    """A whole array at one step: `values` is `CELL[shape]`, `meta` describes its axes."""

    name: str
    step: float
    shape: list[int]
    values: bytes
    meta: dict[str, Any]


class Event(Message, frozen=True, kw_only=True, tag="event"):
    """Something that happened at a step: a control applied, an epoch ended, an early stop, a divergence."""

    step: float
    kind: str
    time: float
    data: dict[str, Any]


class RunEnded(Message, frozen=True, kw_only=True, tag="run_ended"):
    """The last message of an attempt; `status` is one of the final statuses, `reason` is a text.

    `sentence` is the reason as `dynascope.sentence.keep` stores it, so that it can be translated.
    """

    status: str
    reason: str
    step: float
    sentence: Any = None


Sent = RunStarted | Scalars | LayerStats | Histograms | Matrix | Event | RunEnded


class Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack"):
    """All messages up to and including `seq` are stored."""

    seq: int


class Control(msgspec.Struct, frozen=True, tag_field="type", tag="control"):
    """A command for the next step boundary. The trainer answers with an `Event` of kind `control` that contains `id`."""

    id: str
    action: str
    changes: dict[str, Any] = {}


Received = Ack | Control

_encoder = msgspec.msgpack.Encoder()
_frame_decoder = msgspec.msgpack.Decoder(list[Sent])
_reply_decoder = msgspec.msgpack.Decoder(Received)


def encode(value: list[Sent] | Received) -> bytes:
    return _encoder.encode(value)


def encode_message(message: Sent) -> bytes:
    """One encoded message for `join`; its length is the message's share of the frame."""
    return _encoder.encode(message)


def join(messages: list[bytes]) -> bytes:
    """A frame of encoded messages: the same bytes as `encode` of the messages, at most five bytes longer than their sum."""
    return _encoder.encode([msgspec.Raw(message) for message in messages])


def decode_frame(data: bytes) -> list[Sent]:
    """Raises `msgspec.ValidationError` or `msgspec.DecodeError` on anything outside the vocabulary."""
    return _frame_decoder.decode(data)


def decode_reply(data: bytes) -> Received:
    return _reply_decoder.decode(data)
