"""The batches of an epoch, gathered several at a time: one look-up for a few dozen small batches instead of two for each batch."""

import torch

from trainer.build import Split

#: Bytes of inputs that are gathered at once; they are read soon afterwards, from the cache.
GATHERED = 1 << 20


class Batches:
    """Batch number `at` of an epoch. The epoch visits a split in a given order, with `size` examples in each batch."""

    def __init__(self, split: Split, size: int) -> None:
        self._split, self._size = split, size
        example = split.x[:1].nbytes
        self._together = max(1, GATHERED // max(1, size * example)) * size
        self._order: torch.Tensor | None = None
        self._first = 0
        self._held: list[tuple[torch.Tensor, torch.Tensor]] = []

    def of(self, order: torch.Tensor, at: int) -> tuple[torch.Tensor, torch.Tensor]:
        """`(x, y)`, as views that must not be written to. `order`: int64[examples], the same object during the whole epoch."""
        if order is not self._order or not 0 <= at - self._first < len(self._held):
            chosen = order[at * self._size :][: self._together]
            x, y = self._split.x[chosen].split(self._size), self._split.y[chosen].split(self._size)
            self._order, self._first, self._held = order, at, list(zip(x, y, strict=True))
        return self._held[at - self._first]
