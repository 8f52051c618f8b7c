"""The loss functions: the mean over examples of cross-entropy (nats) or of squared error."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """`output`: float[n, classes], before softmax; `y`: int64[n]."""
    return F.cross_entropy(output, y)


def mse(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """`output`: float[n, 1]; `y`: float[n]."""
    return F.mse_loss(output.squeeze(1), y)


def mse_one_hot(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """`output`: float[n, classes]; `y`: int64[n]. The mean is over examples and classes (Hui & Belkin 2021)."""
    return F.mse_loss(output, F.one_hot(y, output.shape[1]).to(output.dtype))


def loss_for(name: str, classes: int) -> Loss:
    """`name` as in RunSpec; `auto` follows the task. `classes` is 0 for a regression."""
    if name == "mse" and classes:
        return mse_one_hot
    return mse if not classes else cross_entropy
