"""Training, validation and test measured in the same way, in eval mode: by class, by label, and the visits of each example."""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from dynascope import kernels
from dynascope.sinks.base import Sink
from trainer.build import Experiment, Split
from trainer.checkpoint import Progress

#: Number of examples that are evaluated at once.
CHUNK = 4096
#: Maximum number of training examples that are evaluated at the end, and whose visits are reported one by one.
TRAIN_EVAL, VISITS = 20_000, 65_536
#: Minimum seconds between two tables, and the maximum share of time for counting visits.
INTERVAL, SHARE = 0.25, 0.004
COLUMNS = ["val/loss", "val/accuracy", "val/examples", "train/loss", "train/accuracy", "train/examples"]


class ByClass:
    """Sums over the examples of each class. The loss is the run's own: nats, or squared error if the spec's loss is mse."""

    def __init__(self, experiment: Experiment) -> None:
        self._sums = np.zeros((3, experiment.plan.shape.classes))
        self._squared = experiment.plan.spec.loss == "mse"

    def take(self, output: torch.Tensor, y: torch.Tensor) -> None:
        classes = self._sums.shape[1]
        squared = self._squared
        each = (output - F.one_hot(y, classes)).square().mean(dim=1) if squared else F.cross_entropy(output, y, reduction="none")
        targets = y.numpy()
        self._sums[0] += np.bincount(targets, weights=each.numpy(), minlength=classes)
        self._sums[1] += np.bincount(targets, weights=(output.argmax(1) == y).numpy(), minlength=classes)
        self._sums[2] += np.bincount(targets, minlength=classes)

    def table(self) -> np.ndarray:
        """float64[classes, 3]: mean loss, accuracy, examples; NaN for a class without examples."""
        loss, right, count = self._sums
        with np.errstate(invalid="ignore"):
            return np.stack([loss / count, right / count, count], axis=1)


Pair = tuple[ByClass, ByClass] | tuple[None, None]


def measure(experiment: Experiment, split: Split, classes: ByClass | None = None) -> dict[str, float]:
    """Mean loss in eval mode, and the accuracy if there are classes; afterwards the model is in train mode again."""
    set_mode(experiment.model, training=False)
    values = measured(experiment, split, classes)
    set_mode(experiment.model, training=True)
    return values


def set_mode(model: nn.Module, *, training: bool) -> None:
    """Like `model.train(training)` at a sixth of its cost, without `Module.__setattr__`: small models are evaluated often."""
    for module in model.modules():
        module.__dict__["training"] = training


def outputs_of(model: nn.Module, x: torch.Tensor, together: int = CHUNK) -> Iterator[tuple[slice, torch.Tensor]]:
    """The model's output for each part of x, with the part's slice. No part is a single example, because a norm without running
    statistics would have no variance: a single example is doubled, and a single remainder joins the part before it.
    """
    start, n = 0, len(x)
    while start < n:
        end = n if n - start <= together + 1 else start + together
        part = x[start:end]
        yield slice(start, end), model(part) if len(part) > 1 else model(torch.cat([part, part]))[:1]
        start = end


def measured(experiment: Experiment, split: Split, classes: ByClass | None = None) -> dict[str, float]:
    """Like `measure`, for a model that is already in eval mode."""
    loss, right = 0.0, 0
    with torch.inference_mode():
        for part, output in outputs_of(experiment.model, split.x):
            y = split.y[part]
            loss += experiment.loss(output, y).item() * len(y)
            if experiment.plan.shape.classes:
                right += kernels.hits(output, y)
            if classes is not None:
                classes.take(output, y)
    values = {"loss": loss / len(split.y)}
    return values | {"accuracy": right / len(split.y)} if experiment.plan.shape.classes else values


def of_replaced_labels(experiment: Experiment) -> dict[str, float]:
    """Shares of the training examples with a replaced label that the model gives the wrong label, and the true label."""
    data = experiment.data
    x, wrong, right = data.train.x[data.replaced], data.train.y[data.replaced], data.true_labels[data.replaced]
    learnt = resisted = 0
    with torch.inference_mode():
        for part, output in outputs_of(experiment.model, x):
            learnt += kernels.hits(output, wrong[part])
            resisted += kernels.hits(output, right[part])
    return {"labels/wrong_learnt": learnt / len(x), "labels/right_given": resisted / len(x)}


class Tables:
    """Sends `classes` and `visits` as often as a small share of the time allows, and always at the end."""

    def __init__(self, experiment: Experiment, sink: Sink) -> None:
        self._experiment, self._sink = experiment, sink
        self._next = {"classes": 0.0, "visits": 0.0}

    def pair(self) -> Pair:
        """Two tables that an evaluation fills for validation and training, or None for both if it is too early."""
        if not self._experiment.plan.shape.classes or perf_counter() < self._next["classes"]:
            return None, None
        return ByClass(self._experiment), ByClass(self._experiment)

    def classes(self, step: int, pair: Pair) -> None:
        val, train = pair
        if val is None or train is None:
            return
        unit = "squared error" if self._experiment.plan.spec.loss == "mse" else "nats"
        values = np.concatenate([val.table(), train.table()], axis=1)
        self._sink.matrix(step, "classes", values, {"kind": "classes", "columns": COLUMNS, "unit": unit})
        self._next["classes"] = perf_counter() + INTERVAL

    def visits(self, progress: Progress, always: bool = False) -> None:
        start = perf_counter()
        if start < self._next["visits"] and not always:
            return
        visits, sizes = progress.visited(self._experiment.plan.batch), self._experiment.plan.sizes
        meta = {
            "kind": "visits",
            "train": {"examples": len(visits), "least": int(visits.min()), "most": int(visits.max()), "total": int(visits.sum())},
            # Batches contain only training examples.
            "val": {"examples": sizes["val"], "least": 0, "most": 0, "total": 0},
            "test": {"examples": sizes["test"], "least": 0, "most": 0, "total": 0},
        }
        self._sink.matrix(progress.step, "visits", visits[:VISITS].numpy(), meta)
        end = perf_counter()
        self._next["visits"] = end + max(INTERVAL, (end - start) / SHARE)

    def of_the_kept_state(self, step: int) -> dict[str, float]:
        """Train, validation and test metrics of the kept state, at the end."""
        self._next["classes"] = 0.0
        train, (val_classes, train_classes) = self._experiment.data.train, self.pair()
        sets = {
            "train_eval": (Split(train.x[:TRAIN_EVAL], train.y[:TRAIN_EVAL]), train_classes),
            "val_eval": (self._experiment.data.val, val_classes),
            "test": (self._experiment.data.test, None),
        }
        told = {name: measure(self._experiment, split, classes) for name, (split, classes) in sets.items()}
        if val_classes is not None and train_classes is not None:
            self.classes(step, (val_classes, train_classes))
        return {f"{name}/{key}": value for name, values in told.items() for key, value in values.items()}
