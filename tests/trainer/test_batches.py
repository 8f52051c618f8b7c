import pytest
import torch

from trainer import batches
from trainer.batches import Batches
from trainer.build import Split


@pytest.mark.parametrize("gathered", [0, 200, 1 << 20])
@pytest.mark.parametrize("size", [1, 7, 23, 40])
def test_batches_are_those_of_the_order_however_many_are_gathered(monkeypatch: pytest.MonkeyPatch, gathered: int, size: int) -> None:
    monkeypatch.setattr(batches, "GATHERED", gathered)
    split = Split(torch.arange(46.0).reshape(23, 2), torch.arange(23))
    made = Batches(split, size)
    first, second = torch.randperm(23), torch.randperm(23)
    for order, begins in ((first, 0), (second, 0), (second, 1), (first, 2), (first, 0)):  # a resumed run begins in the midst
        for at in range(begins, -(-23 // size)):
            x, y = made.of(order, at)
            chosen = order[at * size : (at + 1) * size]
            assert torch.equal(x, split.x[chosen])
            assert torch.equal(y, split.y[chosen])
