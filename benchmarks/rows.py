"""What a benchmark hands back: a line of the table."""

from typing import NamedTuple


class Row(NamedTuple):
    what: str
    value: str
    peer: str = ""
    ratio: float | None = None
