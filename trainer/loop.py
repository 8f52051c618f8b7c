"""The training loop, to be read from top to bottom.

Step s is the number of updates made. `train/*` at s is the batch's loss and accuracy at state s, before update s + 1;
`val/*` at s is of the same state, in eval mode, at step 0 and after each epoch; `test/*` comes once, of the state kept.
"""

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dynascope import kernels
from dynascope.diagnoses import Diagnosing
from dynascope.sinks.base import Sink
from dynascope.watch import Instrument
from trainer import checkpoint, registry
from trainer.build import Experiment, Split, build
from trainer.control import Commands, Steering
from trainer.early_stopping import EarlyStopping
from trainer.function import Function
from trainer.plan import part_params, plan, total_steps
from trainer.spec import RunSpec

#: Examples that are evaluated at once.
CHUNK = 4096
#: Steps between two looks at the gap: going through training examples too costs as much as validation does.
GAP_EVERY = 100
#: Of the measuring budget, what drawing the fitted function may take.
FUNCTION_SHARE = 0.25
#: Replaced labels that are told one by one.
TOLD = 2000


def run(
    spec: RunSpec, sink: Sink, commands: Commands, *, preloaded: bool = True, begin: Path | None = None, folder: Path | None = None
) -> None:
    """Train what the spec asks for, to its end. Raises PlanError for a spec that can't be run.

    `begin`: the checkpoint of another run to go on from; `folder`: where checkpoints go, None for nowhere.
    """
    experiment = build(plan(spec))
    spec, model, data, optimizer = experiment.plan.spec, experiment.model, experiment.data, experiment.optimizer
    sink = Diagnosing(
        sink, {"optimizer.params.lr": spec.optimizer.params["lr"], "penalty.l1": spec.penalty.l1, "penalty.l2": spec.penalty.l2}
    )
    measured, budget = spec.probes.every != "never", spec.probes.budget
    instrument = Instrument(model, sink, every=spec.probes.every, budget=(1 - FUNCTION_SHARE) * budget)
    function = Function(experiment, sink, FUNCTION_SHARE * budget) if measured else None
    penalty, of_optimizer = registry.part("penalty", spec.penalty.method), registry.part("optimizer", spec.optimizer.name)
    schedule = registry.part("schedule", spec.optimizer.schedule.name) if spec.optimizer.schedule else None
    early, progress, params = EarlyStopping(spec.stop.early), checkpoint.Progress(), experiment.params
    parameters, classes = list(model.parameters()), experiment.plan.shape.classes
    steps, steps_per_epoch, batch = experiment.plan.steps, experiment.plan.steps_per_epoch, experiment.plan.batch

    def apply(changed: RunSpec) -> None:
        """Bring everything to a spec whose live fields have changed."""
        nonlocal params, steps
        params, steps = part_params(changed), total_steps(changed, steps_per_epoch)
        for group in optimizer.param_groups:
            group.update(of_optimizer.settings(params["optimizer"]))
        for kind, name in (("model", changed.model.name), ("activation", changed.model.activation.name), ("norm", changed.norm.name)):
            registry.part(kind, name).adjust(model, params[kind])
        early.spec = changed.stop.early or early.spec
        instrument.keep_to(changed.probes.every, (1 - FUNCTION_SHARE) * changed.probes.budget)
        sink.note(
            {"optimizer.params.lr": changed.optimizer.params["lr"], "penalty.l1": changed.penalty.l1, "penalty.l2": changed.penalty.l2}
        )

    def save() -> dict[str, Any]:
        if folder is None:
            return {}
        name = f"{progress.step}.safetensors"
        checkpoint.save(folder / name, experiment, progress, early)
        sink.event(progress.step, "checkpoint", {"file": name})
        return {"checkpoint": name}

    steering = Steering(spec, sink, commands, apply, save)
    status, reason = "finished", ""
    sink.started(instrument.layers, preloaded)
    _tell_changed_labels(experiment, sink)
    gone_on = checkpoint.restore(begin, experiment, progress, early) if begin else None
    if gone_on:
        sink.event(progress.step, "forked", gone_on)
        if progress.at:
            evaluate(experiment, instrument, sink, progress.step)
    if function:
        function.begin()
    clock = Clock(sink, progress.step)

    while True:
        step = progress.step
        if progress.at == 0:  # every example has been visited equally often
            values = evaluate(experiment, instrument, sink, step)
            if step:
                sink.event(step, "epoch", {"epoch": step // steps_per_epoch})
            stop = early.observe(step, values, model) if not gone_on else early.reached and early.obeyed
            if stop and not early.reached:
                told = {"best_step": early.best_step, "monitor": early.spec.monitor, "best": early.best, "obeyed": early.obeyed}
                sink.event(step, "early_stop", told)
                early.reached = True
            if stop and early.obeyed:
                progress.order = progress.order[:0]  # whoever goes on from here draws the next epoch's
                reason = f"early stop: {early.spec.monitor} has not improved on {early.best:.4g} since step {early.best_step:,}"
                break
            if not gone_on or not len(progress.order):
                progress.order = torch.randperm(len(data.train.y), generator=experiment.order)
        gone_on = None
        if step >= steps:
            reason = f"all {step:,} steps are done"
            break
        if not steering.boundary(step):
            status, reason = "stopped", f"stopped by the user at step {step:,}"
            break

        chosen = progress.order[progress.at * batch : (progress.at + 1) * batch]
        x, y = data.train.x[chosen], data.train.y[chosen]
        if function:
            function.look(step, paced=steering.spec.pace is not None)
        instrument.begin(step)
        output = model(x)
        loss = experiment.loss(output, y)
        loss.backward()
        instrument.after_backward()

        now = steering.spec
        l1, l2, lr = now.penalty.l1, now.penalty.l2, now.optimizer.params["lr"]
        if schedule:
            lr = _set_lr(optimizer, lr * schedule.factor(step, steps, params["schedule"]))
        point = {"train/loss": loss.item()}
        if classes:
            point["train/accuracy"] = kernels.hits(output, y) / len(y)
        norm = kernels.norm(p.grad for p in parameters if p.grad is not None)
        sink.scalars(step, point | _penalties(experiment.weights, l1, l2) | {"lr": lr, "grad/norm": norm})
        if not math.isfinite(point["train/loss"]):
            instrument.end(step)
            sink.event(step, "diverged", {"loss": str(point["train/loss"])})
            status = "diverged"
            reason = f"the training loss became {point['train/loss']} at step {step:,}; a smaller learning rate often helps"
            break
        if l1 or l2:
            penalty.add_gradient(experiment.weights, l1, l2)
        if now.optimizer.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, now.optimizer.clip_norm)
        if l1 or l2:
            penalty.decay(experiment.weights, lr, l1, l2)
        optimizer.step()
        if l1 or l2:
            penalty.shrink(experiment.weights, lr, l1, l2)
        for parameter in parameters:  # a quarter of the time of `optimizer.zero_grad()`
            parameter.grad = None
        instrument.end(step)
        progress.step += 1
        progress.at = (progress.at + 1) % steps_per_epoch
        clock.tick(progress.step)

    if status != "diverged":
        save()
        if status == "finished" and early.obeyed and early.restore(model):
            sink.event(progress.step, "restored", {"best_step": early.best_step})
        sink.scalars(progress.step, {f"test/{name}": value for name, value in measure(experiment, data.test).items()})
    if function:
        function.look(progress.step, always=True)
    sink.ended(status, reason, progress.step)


def evaluate(experiment: Experiment, instrument: Instrument, sink: Sink, step: int) -> dict[str, float]:
    """Validation, and the gap to the training loss on equal terms: eval mode, as many training examples as validation has.

    `labels/wrong_learnt` is the share of the replaced training labels that the model gives back.
    """
    data = experiment.data
    experiment.model.eval()
    with instrument.survey(step):
        values = {f"val/{name}": value for name, value in _measured(experiment, data.val).items()}
        if (step // experiment.plan.steps_per_epoch) % math.ceil(GAP_EVERY / experiment.plan.steps_per_epoch) == 0:
            size = len(data.val.y)
            train = _measured(experiment, Split(data.train.x[:size], data.train.y[:size]))
            values["gap/loss"] = values["val/loss"] - train["loss"]
    if data.corrupted.any():
        replaced = Split(data.train.x[data.corrupted], data.train.y[data.corrupted])
        values["labels/wrong_learnt"] = _measured(experiment, replaced)["accuracy"]
    experiment.model.train()
    sink.scalars(step, values)
    return values


def measure(experiment: Experiment, split: Split) -> dict[str, float]:
    """Mean loss, and for classes the accuracy, in eval mode; the model is in train mode again afterwards."""
    experiment.model.eval()
    values = _measured(experiment, split)
    experiment.model.train()
    return values


def _measured(experiment: Experiment, split: Split) -> dict[str, float]:
    loss, right = 0.0, 0
    with torch.inference_mode():
        for x, y in zip(split.x.split(CHUNK), split.y.split(CHUNK), strict=True):
            output = experiment.model(x)
            loss += experiment.loss(output, y).item() * len(y)
            if experiment.plan.shape.classes:
                right += kernels.hits(output, y)
    values = {"loss": loss / len(split.y)}
    return values | {"accuracy": right / len(split.y)} if experiment.plan.shape.classes else values


class Clock:
    """Says about once a second how fast the run goes."""

    def __init__(self, sink: Sink, step: int) -> None:
        self._sink, self._since, self._step = sink, time.monotonic(), step

    def tick(self, step: int) -> None:
        now = time.monotonic()
        if now - self._since >= 1.0:
            self._sink.scalars(step, {"time/steps_per_s": (step - self._step) / (now - self._since)})
            self._since, self._step = now, step


def _tell_changed_labels(experiment: Experiment, sink: Sink) -> None:
    """Which training labels were replaced: position in the training set, the true class, the class given instead."""
    data = experiment.data
    replaced = torch.nonzero(data.corrupted).flatten()
    if len(replaced):
        rows = torch.stack([replaced, data.true_labels[replaced], data.train.y[replaced]], dim=1)[:TOLD].tolist()
        sink.event(0, "labels_replaced", {"count": len(replaced), "of": len(data.corrupted), "index_true_given": rows})


def _penalties(weights: list[nn.Parameter], l1: float, l2: float) -> dict[str, float]:
    """The terms that are added to the loss: l1·Σ|w| and l2·Σw²."""
    return {
        "penalty/l1": l1 * sum(n.item() for n in torch._foreach_norm([w.detach() for w in weights], 1)) if l1 else 0.0,
        "penalty/l2": l2 * kernels.norm(weights) ** 2 if l2 else 0.0,
    }


def _set_lr(optimizer: torch.optim.Optimizer, lr: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = lr
    return lr
