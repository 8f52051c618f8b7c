"""Training, validation and test on equal terms, in eval mode: class by class, label by label, and who was visited how often."""

from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F

from dynascope import kernels
from dynascope.sinks.base import Sink
from trainer.build import Experiment, Split
from trainer.checkpoint import Progress

#: Examples that are evaluated at once.
CHUNK = 4096
#: Training examples that are evaluated at the end, and whose visits are told one by one.
TRAIN_EVAL, VISITS = 20_000, 65_536
#: Seconds between two tables at least, and what making them may take of the time.
INTERVAL, SHARE = 0.25, 0.004
COLUMNS = ["val/loss", "val/accuracy", "val/examples", "train/loss", "train/accuracy", "train/examples"]


def measure(experiment: Experiment, split: Split) -> dict[str, float]:
    """Mean loss, and for classes the accuracy, in eval mode; the model is in train mode again afterwards."""
    experiment.model.eval()
    values = measured(experiment, split)
    experiment.model.train()
    return values


def measured(experiment: Experiment, split: Split) -> dict[str, float]:
    """The same of a model that is in eval mode already."""
    loss, right = 0.0, 0
    with torch.inference_mode():
        for x, y in zip(split.x.split(CHUNK), split.y.split(CHUNK), strict=True):
            output = experiment.model(x)
            loss += experiment.loss(output, y).item() * len(y)
            if experiment.plan.shape.classes:
                right += kernels.hits(output, y)
    values = {"loss": loss / len(split.y)}
    return values | {"accuracy": right / len(split.y)} if experiment.plan.shape.classes else values


def of_replaced_labels(experiment: Experiment) -> dict[str, float]:
    """Of the training examples whose label was replaced: to how many the model gives the wrong label, to how many the true one."""
    data = experiment.data
    x, wrong, right = data.train.x[data.corrupted], data.train.y[data.corrupted], data.true_labels[data.corrupted]
    learnt = resisted = 0
    with torch.inference_mode():
        for one, noisy, true in zip(x.split(CHUNK), wrong.split(CHUNK), right.split(CHUNK), strict=True):
            output = experiment.model(one)
            learnt += kernels.hits(output, noisy)
            resisted += kernels.hits(output, true)
    return {"labels/wrong_learnt": learnt / len(x), "labels/right_given": resisted / len(x)}


def of_the_kept_state(experiment: Experiment) -> dict[str, float]:
    """The three sets on equal terms, at the end."""
    train = experiment.data.train
    sets = {
        "train_eval": Split(train.x[:TRAIN_EVAL], train.y[:TRAIN_EVAL]),
        "val_eval": experiment.data.val,
        "test": experiment.data.test,
    }
    return {f"{name}/{key}": value for name, split in sets.items() for key, value in measure(experiment, split).items()}


def by_class(experiment: Experiment, split: Split) -> np.ndarray:
    """float64[classes, 3]: mean loss, accuracy, examples of each class; NaN of one that has none. The model is in eval mode.

    The loss is the run's own: nats, or the squared error against one-hot targets where the spec says mse.
    """
    classes = experiment.plan.shape.classes
    sums = np.zeros((3, classes))
    squared = experiment.plan.spec.loss == "mse"
    with torch.inference_mode():
        for x, y in zip(split.x.split(CHUNK), split.y.split(CHUNK), strict=True):
            output = experiment.model(x)
            each = (output - F.one_hot(y, classes)).square().mean(dim=1) if squared else F.cross_entropy(output, y, reduction="none")
            targets = y.numpy()
            sums[0] += np.bincount(targets, weights=each.numpy(), minlength=classes)
            sums[1] += np.bincount(targets, weights=(output.argmax(1) == y).numpy(), minlength=classes)
            sums[2] += np.bincount(targets, minlength=classes)
    with np.errstate(invalid="ignore"):
        return np.stack([sums[0] / sums[2], sums[1] / sums[2], sums[2]], axis=1)


class Tables:
    """Sends `classes` and `visits`, as often as a small share of the time allows."""

    def __init__(self, experiment: Experiment, sink: Sink) -> None:
        self._experiment, self._sink = experiment, sink
        self._next = 0.0

    def look(self, step: int, progress: Progress, always: bool = False) -> None:
        start = perf_counter()
        if start < self._next and not always:
            return
        if self._experiment.plan.shape.classes:
            self._classes(step)
        self._visits(step, progress.visited(self._experiment.plan.batch))
        end = perf_counter()
        self._next = end + max(INTERVAL, (end - start) / SHARE)

    def _classes(self, step: int) -> None:
        """As many training examples as validation has; their labels are those that are trained on."""
        experiment, data = self._experiment, self._experiment.data
        size = len(data.val.y)
        training = experiment.model.training
        experiment.model.eval()
        sets = (data.val, Split(data.train.x[:size], data.train.y[:size]))
        values = np.concatenate([by_class(experiment, split) for split in sets], axis=1)
        experiment.model.train(training)
        unit = "squared error" if experiment.plan.spec.loss == "mse" else "nats"
        self._sink.matrix(step, "classes", values, {"kind": "classes", "columns": COLUMNS, "unit": unit})

    def _visits(self, step: int, visits: torch.Tensor) -> None:
        sizes = self._experiment.plan.sizes
        meta = {
            "kind": "visits",
            "train": {"examples": len(visits), "least": int(visits.min()), "most": int(visits.max()), "total": int(visits.sum())},
            # Batches are drawn from the training set's indices alone.
            "val": {"examples": sizes["val"], "least": 0, "most": 0, "total": 0},
            "test": {"examples": sizes["test"], "least": 0, "most": 0, "total": 0},
        }
        self._sink.matrix(step, "visits", visits[:VISITS].numpy(), meta)
