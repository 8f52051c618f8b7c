"""Checks of a received frame before anything is stored."""

import msgspec

from app.store.columns import check
from dynascope.messages import Sent, decode_frame


class Refused(Exception):
    """A frame with unknown messages, with messages of another run, or with columns that do not agree."""


def verified(run: str, payload: bytes) -> list[Sent]:
    """A frame whose messages all belong to `run`, in order, with columns that agree."""
    try:
        frame = decode_frame(payload)
    except msgspec.MsgspecError as error:
        raise Refused(str(error)) from error
    if not frame:
        raise Refused("an empty frame")
    for i, message in enumerate(frame):
        if message.run != run:
            raise Refused(f"a message for run {message.run!r} came over the socket of {run!r}")
        if message.seq != frame[0].seq + i or message.attempt != frame[0].attempt:
            raise Refused("the messages of a frame are not numbered one after the other")
        try:
            check(message)
        except ValueError as error:
            raise Refused(f"message {message.seq}: {error}") from error
    return frame
