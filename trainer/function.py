"""Draws a run's fitted function: over a grid if the inputs have one or two dimensions, otherwise the first layer's weights.

Inputs and a regression's outputs are in the data's own units. A look uses eval mode and does not change RNG, buffers or
gradients.
"""

from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn

from dynascope.sinks.base import Sink
from trainer.build import Experiment, Split

GRID, CURVE = 56, 201
MARGIN = 0.12
#: Maximum number of points of training and of validation, and of units of the first layer.
POINTS, UNITS = 1000, 64
#: Minimum seconds between two looks.
INTERVAL = 0.12
#: Maximum share of a paced run's time.
PACED_SHARE = 0.1


class Function:
    """Draws the function as often as `share` of the time allows."""

    def __init__(self, experiment: Experiment, sink: Sink, share: float) -> None:
        self._experiment, self._sink, self._share = experiment, sink, share
        self._inputs = int(np.prod(experiment.plan.shape.inputs))
        self._next = 0.0
        self._grid, self._meta = self._prepare()

    def begin(self) -> None:
        """Send the examples that are drawn with the function."""
        if self._inputs > 2:
            return
        data = self._experiment.data
        columns = self._inputs + 3
        train = self._points(data.train, POINTS, 0, data.corrupted)
        val = self._points(data.val, POINTS, 1, torch.zeros(len(data.val.y), dtype=torch.bool))
        names = [f"x{i}" for i in range(self._inputs)] + ["y", "split", "changed"]
        self._sink.matrix(0, "points", np.concatenate([train, val]).reshape(-1, columns), {"columns": names, "splits": ["train", "val"]})

    def look(self, step: int, paced: bool = False, always: bool = False) -> None:
        """`paced`: the loop waits for its pace anyway, so a look may use part of the waiting time."""
        start = perf_counter()
        if start < self._next and not always:
            return
        values = self._weights() if self._grid is None else self._outputs(self._grid)
        self._sink.matrix(step, self._meta["name"], values, self._meta)
        end = perf_counter()
        self._next = end + max(INTERVAL, (end - start) / max(PACED_SHARE if paced else self._share, 1e-6))

    def _prepare(self) -> tuple[torch.Tensor | None, dict[str, Any]]:
        shape, scale = self._experiment.plan.shape, self._experiment.data.scale
        if self._inputs > 2:
            weights = self._first()
            image = list(shape.image) if shape.image and weights[0].numel() == self._inputs else None
            if weights.ndim == 4 and weights.shape[1] == 1:  # the kernels of a convolution
                image = list(weights.shape[2:])
            return None, {"name": "weights", "kind": "weights", "inputs": weights[0].numel(), "image": image}
        data = self._experiment.data
        # A curve covers all inputs; they are the same in all runs of a split, whichever part of them each run trains on.
        shown = (data.train, data.val, data.test) if self._inputs == 1 else (data.train,)
        x = np.concatenate([part.x.numpy() for part in shown]) * scale.x_std + scale.x_mean
        low, high = x.min(axis=0), x.max(axis=0)
        margin = MARGIN * np.maximum(high - low, 1e-6)
        spans = [[float(a), float(b)] for a, b in zip(low - margin, high + margin, strict=True)]
        count = GRID if self._inputs == 2 else CURVE
        axes = [np.linspace(a, b, count) for a, b in spans]
        cells = np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)  # rows of the last axis go from bottom to top
        kind = ("boundary" if shape.classes else "surface") if self._inputs == 2 else "curve"
        meta = {"name": "function", "kind": kind, "axes": spans, "classes": shape.classes}
        return torch.from_numpy(((cells - scale.x_mean) / scale.x_std).astype(np.float32)), meta

    def _outputs(self, grid: torch.Tensor) -> np.ndarray:
        """float32[outputs, rows, columns]; a curve has one row. The values are a class' probability or score, or the fitted value."""
        model = self._experiment.model
        model.eval()
        with torch.no_grad():
            values = self._values(model(grid))
        model.train()
        rows = GRID if self._inputs == 2 else 1
        return values.T.reshape(values.shape[1], rows, -1).contiguous().numpy()

    def _values(self, output: torch.Tensor) -> torch.Tensor:
        """The drawn values of an output [cells, outputs]. Scores of a squared error on one-hot targets stay scores; for two classes,
        their difference is mapped to 0 … 1, with 1/2 where the classes meet.
        """
        classes, scale = self._experiment.plan.shape.classes, self._experiment.data.scale
        if not classes:
            return output * scale.y_std + scale.y_mean
        if self._experiment.plan.spec.loss == "mse":
            return ((1 + output[:, 1:] - output[:, :1]) / 2).clamp(0, 1) if classes == 2 else output
        return output.softmax(1)[:, 1:] if classes == 2 else output.softmax(1)

    def _weights(self) -> np.ndarray:
        """float32[units, inputs] of the first layer: a convolution's kernels, or the rows of an LSTM's gates one after the other."""
        return self._first().detach()[:UNITS].flatten(1).numpy().copy()

    def _first(self) -> nn.Parameter:
        return next(p for p in self._experiment.model.parameters() if p.ndim >= 2)

    def _points(self, split: Split, count: int, which: int, changed: torch.Tensor) -> np.ndarray:
        scale = self._experiment.data.scale
        x = split.x[:count].numpy() * scale.x_std + scale.x_mean
        y = split.y[:count].numpy().astype(np.float32)
        if not self._experiment.plan.shape.classes:
            y = y * scale.y_std + scale.y_mean
        n = len(y)
        return np.concatenate([x, y[:, None], np.full((n, 1), which), changed[:n].numpy()[:, None]], axis=1).astype(np.float32)
