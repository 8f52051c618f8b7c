import pytest
import torch

from trainer.parts.models._convolutional import Halved


@pytest.mark.parametrize("shape", [(3, 2, 9), (3, 2, 8, 5), (2, 3, 4, 7, 6)])
def test_halving_without_a_gradient_gives_what_torchs_pooling_gives(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    x.flatten()[5] = float("nan")
    halved = Halved(len(shape) - 2)
    with torch.inference_mode():
        found = halved(x)
    torch.testing.assert_close(found, halved.pool(x), rtol=0, atol=0, equal_nan=True)
