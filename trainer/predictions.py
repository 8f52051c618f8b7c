"""Reports the kept state at the end of a run, so that runs can be compared example by example and weight by weight.

Every run with a small first layer sends `kept_weights`. Runs with a `split_seed` also send `predictions` and `truth`: their test
set is the same, and bias and variance are measured on it.
"""

from typing import Any

import numpy as np
import torch

from dynascope.sinks.base import Sink
from trainer import registry
from trainer.build import TOLD, Experiment, derived
from trainer.function import CURVE, MARGIN
from trainer.generalisation import outputs_of

#: Maximum number of weights of the first layer.
WEIGHTS = 4096
#: Maximum number of a network's outputs that are reported: a matrix has at most 2^20 cells.
OUTPUTS = 512
#: The smallest normal float32, because a probability of zero would have no logarithm.
LEAST = float(np.finfo(np.float32).tiny)


def tell_kept_state(experiment: Experiment, sink: Sink, step: int) -> None:
    _tell_weights(experiment, sink, step)
    if experiment.plan.spec.data.split_seed is not None and experiment.plan.shape.outputs <= OUTPUTS:
        sink.matrix(step, "predictions", predicted(experiment), {"kind": kind(experiment)})
        _tell_truth(experiment, sink, step)


def kind(experiment: Experiment) -> str:
    """`values` of a regression, in the data's own units; `probabilities` of classes; `scores` of classes, if the loss is mse."""
    if not experiment.plan.shape.classes:
        return "values"
    return "scores" if experiment.plan.spec.loss == "mse" else "probabilities"


def predicted(experiment: Experiment) -> np.ndarray:
    """float32[test examples, outputs], in eval mode; no probability is below LEAST."""
    model, scale, x = experiment.model, experiment.data.scale, experiment.data.test.x[:TOLD]
    model.eval()
    with torch.inference_mode():
        output = torch.cat([made for _, made in outputs_of(model, x, 256)]).double()
    model.train()
    if kind(experiment) == "probabilities":
        output = output.softmax(1).clamp(min=LEAST)
    elif kind(experiment) == "values":
        output = output * scale.y_std + scale.y_mean
    return output.float().numpy()


def _tell_truth(experiment: Experiment, sink: Sink, step: int) -> None:
    """float32[test examples, 2 or 3]: y; the noiseless f, NaN if it isn't known; for one-dimensional inputs also x.

    `meta.noise`: variance of y about f, or None; `meta.curve`: for one-dimensional inputs, f over the span of all inputs.
    """
    plan, seed = experiment.plan, derived(_source(experiment), "data")
    part, params = registry.part("dataset", plan.spec.data.name), experiment.params["dataset"]
    x, y = experiment.data.raw_test
    known = part.truth(params, seed, x)
    columns = {"y": y.astype(np.float64), "f": known.f if known else np.full(len(y), np.nan)}
    meta: dict[str, Any] = {"kind": "truth", "noise": known.noise if known else None, "curve": None}
    if x[0].size == 1:
        columns["x"] = x.ravel()
        if known:
            meta["curve"] = _curve(experiment, seed)
    sink.matrix(step, "truth", np.stack(list(columns.values()), axis=1).astype(np.float32), meta | {"columns": list(columns)})


def _curve(experiment: Experiment, seed: int) -> dict[str, Any]:
    """The noiseless function over the span of validation and test inputs, which are the same in all runs of a split."""
    data = experiment.data
    x = np.concatenate([part.x.numpy().ravel() for part in (data.val, data.test)]) * float(data.scale.x_std[0]) + float(
        data.scale.x_mean[0]
    )
    margin = MARGIN * max(float(x.max() - x.min()), 1e-6)
    grid = np.linspace(x.min() - margin, x.max() + margin, CURVE)
    known = registry.part("dataset", experiment.plan.spec.data.name).truth(experiment.params["dataset"], seed, grid[:, None])
    return {"span": [float(grid[0]), float(grid[-1])], "f": known.f.tolist()}


def _tell_weights(experiment: Experiment, sink: Sink, step: int) -> None:
    """float32[units, inputs]: the first layer's weights, or an empty matrix if there are too many; meta describes all penalised weights."""
    weights = [w.detach() for w in experiment.weights]
    if not weights:
        return
    plan, first = experiment.plan, weights[0].flatten(1)
    told = first if first.numel() <= WEIGHTS else first[:0, :0]
    part = registry.part("dataset", plan.spec.data.name)
    true = part.true_weights(experiment.params["dataset"], derived(_source(experiment), "data"))
    meta = {
        "kind": "kept_weights",
        "norm": float(sum(w.double().square().sum() for w in weights) ** 0.5),
        "l1": float(sum(w.double().abs().sum() for w in weights)),
        "zeros": int(sum((w == 0).sum() for w in weights)),
        "of": sum(w.numel() for w in weights),
        "alone": len(weights) == 1,
        "true": true.tolist() if true is not None and len(true) == first.numel() <= WEIGHTS else None,
    }
    sink.matrix(step, "kept_weights", told.numpy().copy(), meta)


def _source(experiment: Experiment) -> int:
    spec = experiment.plan.spec
    return spec.seed if spec.data.split_seed is None else spec.data.split_seed
