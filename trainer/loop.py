"""The training loop; read it from top to bottom.

Step s is the number of updates made. `train/*` at s is the batch's loss and accuracy at state s, before update s + 1;
`val/*` at s is of the same state, in eval mode, at step 0 and after each epoch; `train_eval/*`, `val_eval/*` and `test/*`
are sent once, for the kept state.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dynascope import kernels
from dynascope.diagnoses import Diagnosing
from dynascope.sentence import say
from dynascope.sinks.base import Sink
from dynascope.watch import Instrument
from trainer import checkpoint, registry
from trainer.batches import Batches
from trainer.build import Experiment, Split, build
from trainer.control import Commands, Steering
from trainer.early_stopping import EarlyStopping
from trainer.function import Function
from trainer.generalisation import Tables, measured, of_replaced_labels, set_mode
from trainer.plan import part_params, plan, total_steps
from trainer.predictions import tell_kept_state
from trainer.spec import RunSpec
from trainer.update import Update

#: Steps between two measurements of the gap, because evaluating training examples costs as much as validation.
GAP_EVERY = 100
#: Minimum number of examples to survey for dead units: with few examples, many units are zero for all of them.
SURVEYED = 256
#: Share of the measuring budget for drawing the fitted function.
FUNCTION_SHARE = 0.25
#: Maximum number of replaced labels that are reported one by one.
TOLD = 2000


@dataclass(frozen=True)
class Keeping:
    """The folder for checkpoints (None: no checkpoints), and the seconds between two automatic ones."""

    folder: Path | None = None
    seconds: float = 30.0


def run(
    spec: RunSpec,
    sink: Sink,
    commands: Commands,
    *,
    preloaded: bool = True,
    begin: Path | None = None,
    resumed: bool = False,
    again: Sequence[tuple[float, Mapping[str, Any]]] = (),
    keeping: Keeping = Keeping(),
) -> None:
    """Train a spec to its end. Raises PlanError for a spec that can't be run, and checkpoint.Unreadable.

    `begin`: the checkpoint to continue from: of another run, or, if `resumed`, of an earlier attempt of this run;
    `again`: live changes that the earlier attempt made after this checkpoint, with their steps.
    """
    experiment = build(plan(spec))
    spec, model, data = experiment.plan.spec, experiment.model, experiment.data
    sink = Diagnosing(sink, _told_to_rules(spec))
    watched, budget = spec.probes.every != "never", spec.probes.budget
    instrument = Instrument(model, sink, every=spec.probes.every, budget=(1 - FUNCTION_SHARE) * budget)
    function = Function(experiment, sink, FUNCTION_SHARE * budget) if watched else None
    early, tables = EarlyStopping(spec.stop.early), Tables(experiment, sink)
    progress = checkpoint.Progress(visits=torch.zeros(len(data.train.y), dtype=torch.int64))
    steps, steps_per_epoch, batch = experiment.plan.steps, experiment.plan.steps_per_epoch, experiment.plan.batch
    batches, update, classes = Batches(data.train, batch), Update(experiment), experiment.plan.shape.classes

    def apply(changed: RunSpec) -> None:
        """Apply a spec whose live fields have changed."""
        nonlocal steps
        params, steps = part_params(changed), total_steps(changed, steps_per_epoch)
        update.follow(changed, params)
        for kind, name in (("model", changed.model.name), ("activation", changed.model.activation.name), ("norm", changed.norm.name)):
            registry.part(kind, name).adjust(model, params[kind])
        early.spec = changed.stop.early or early.spec
        instrument.keep_to(changed.probes.every, (1 - FUNCTION_SHARE) * changed.probes.budget)
        sink.note(_told_to_rules(changed))

    def save(name: str = "") -> dict[str, Any]:
        if keeping.folder is None:
            return {}
        name = name or f"{progress.step}{checkpoint.SUFFIX}"
        checkpoint.save(keeping.folder / name, experiment, progress, early)
        sink.event(progress.step, "checkpoint", {"file": name, "automatic": name.endswith(checkpoint.AUTOMATIC)})
        return {"checkpoint": name}

    steering = Steering(spec, sink, commands, apply, save, again)
    keeper = checkpoint.Keeper(
        keeping.folder, keeping.seconds, save, lambda error: sink.event(progress.step, "checkpoint_failed", {"error": error})
    )
    status, reason = "finished", ""
    sink.started(instrument.layers, preloaded)
    gone_on = checkpoint.restore(begin, experiment, progress, early, whole=resumed) if begin else None
    if not (gone_on and resumed):
        _tell_changed_labels(experiment, sink)
    if gone_on and not resumed:
        sink.event(progress.step, "forked", gone_on)
        if progress.at:
            evaluate(experiment, instrument, sink, tables, progress.step)
    if function:
        function.begin()
    clock, keep = Clock(sink, progress.step), False

    while True:
        step = progress.step
        if progress.at == 0:  # at this point every example has been visited equally often
            values = evaluate(experiment, instrument, sink, tables, step)
            stop = early.observe(step, values, model) if not gone_on else early.reached and (early.obeyed or early.just_due)
            if stop and (not early.reached or (gone_on and resumed)):
                sink.event(step, "early_stop", early.told())
                early.reached = True
            if stop and early.obeyed:
                progress.next_epoch(progress.order[:0], steps_per_epoch * batch)  # a run that continues from here draws a new order
                reason = say(
                    "early stop: {monitor} has not improved on {best} since step {best_step}",
                    monitor=early.spec.monitor,
                    best=f"{early.best:.4g}",
                    best_step=f"{early.best_step:,}",
                )
                break
            if not gone_on or not len(progress.order):
                progress.next_epoch(torch.randperm(len(data.train.y), generator=experiment.order), steps_per_epoch * batch)
            tables.visits(progress)
        gone_on = None
        steering.repeat(step)
        if step >= steps:
            reason = say("all {step} steps are done", step=f"{step:,}")
            break
        if keep:
            keeper.keep(step)
            keep = False
        if not steering.boundary(step):
            status, reason = "stopped", say("stopped by the user at step {step}", step=f"{step:,}")
            break

        x, y = batches.of(progress.order, progress.at)
        if function:
            function.look(step, paced=steering.spec.pace is not None)
        instrument.begin(step)
        output = model(x)
        loss = experiment.loss(output, y)
        loss.backward()
        instrument.after_backward()

        point = {"train/loss": loss.item()}
        if classes:
            point["train/accuracy"] = kernels.hits(output, y) / len(y)
        sink.scalars(step, point | update.begin(step, steps))
        if not math.isfinite(point["train/loss"]):
            instrument.end(step)
            sink.event(step, "diverged", {"loss": str(point["train/loss"])})
            status = "diverged"
            reason = say(
                "the training loss became {loss} at step {step}; a smaller learning rate often helps",
                loss=point["train/loss"],
                step=f"{step:,}",
            )
            break
        update.apply()
        instrument.end(step)
        progress.step += 1
        progress.at = (progress.at + 1) % steps_per_epoch
        if clock.tick(progress.step):
            keep = keeper.due

    if status != "diverged":
        save()
        if status == "finished" and early.obeyed and early.restore(model):
            sink.event(progress.step, "restored", {"best_step": early.best_step})
        sink.scalars(progress.step, tables.of_the_kept_state(progress.step))
        tell_kept_state(experiment, sink, progress.step)
    tables.visits(progress, always=True)
    if function:
        function.look(progress.step, always=True)
    sink.ended(status, reason, progress.step)


def evaluate(experiment: Experiment, instrument: Instrument, sink: Sink, tables: Tables, step: int) -> dict[str, float]:
    """Validation, and the gap to the training loss in eval mode, on as many training examples as validation has.

    `gap/loss` is validation minus training, `gap/accuracy` training minus validation: both grow with overfitting.
    """
    data = experiment.data
    set_mode(experiment.model, training=False)
    with_train = (step // experiment.plan.steps_per_epoch) % math.ceil(GAP_EVERY / experiment.plan.steps_per_epoch) == 0
    pair = tables.pair() if with_train else (None, None)
    with instrument.survey(step):
        if len(data.val.y) < SURVEYED:
            with torch.inference_mode():
                experiment.model(data.train.x[:SURVEYED])
        values = {f"val/{name}": value for name, value in measured(experiment, data.val, pair[0]).items()}
        if with_train:
            size = len(data.val.y)
            train = measured(experiment, Split(data.train.x[:size], data.train.y[:size]), pair[1])
            values["gap/loss"] = values["val/loss"] - train["loss"]
            if "accuracy" in train:
                values["gap/accuracy"] = train["accuracy"] - values["val/accuracy"]
    tables.classes(step, pair)
    if len(data.replaced):
        values |= of_replaced_labels(experiment)
    set_mode(experiment.model, training=True)
    sink.scalars(step, values)
    return values


class Clock:
    """Reports the run's speed about once a second; `tick` returns True when it did."""

    def __init__(self, sink: Sink, step: int) -> None:
        self._sink, self._since, self._step = sink, time.monotonic(), step

    def tick(self, step: int) -> bool:
        now = time.monotonic()
        if now - self._since < 1.0:
            return False
        self._sink.scalars(step, {"time/steps_per_s": (step - self._step) / (now - self._since)})
        self._since, self._step = now, step
        return True


def _told_to_rules(spec: RunSpec) -> dict[str, Any]:
    return {
        "optimizer.params.lr": spec.optimizer.params["lr"],
        "optimizer.clip_norm": spec.optimizer.clip_norm,
        "penalty.l1": spec.penalty.l1,
        "penalty.l2": spec.penalty.l2,
    }


def _tell_changed_labels(experiment: Experiment, sink: Sink) -> None:
    """Report the replaced training labels: position in the training set, true class, given class."""
    data = experiment.data
    replaced = data.replaced
    if len(replaced):
        rows = torch.stack([replaced, data.true_labels[replaced], data.train.y[replaced]], dim=1)[:TOLD].tolist()
        sink.event(0, "labels_replaced", {"count": len(replaced), "of": len(data.corrupted), "index_true_given": rows})
