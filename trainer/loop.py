"""The training loop, to be read from top to bottom.

Step s is the number of updates made. `train/*` at s is the batch's loss and accuracy at state s, before update s + 1;
`val/*` at s is of the same state, in eval mode, at step 0 and after each epoch; `test/*` comes once, of the state kept.
"""

import math
import time

import torch
import torch.nn.functional as F
from torch import nn

from dynascope.sinks.base import Sink
from dynascope.watch import Instrument
from trainer import registry
from trainer.build import Experiment, Split, build
from trainer.control import Commands, Steering
from trainer.early_stopping import EarlyStopping
from trainer.plan import plan
from trainer.spec import RunSpec

#: Examples that are evaluated at once.
CHUNK = 4096


def run(spec: RunSpec, sink: Sink, commands: Commands, *, preloaded: bool = True) -> None:
    """Train what the spec asks for, to its end. Raises PlanError for a spec that can't be run."""
    experiment = build(plan(spec))
    spec, model, data, optimizer = experiment.plan.spec, experiment.model, experiment.data, experiment.optimizer
    instrument = Instrument(model, sink, every=spec.probes.every, budget=spec.probes.budget)
    penalty = registry.part("penalty", spec.penalty.method)
    early = EarlyStopping(spec.stop.early) if spec.stop.early else None
    steering = Steering(spec, sink, commands, lambda changed: _set_lr(optimizer, changed.optimizer.params["lr"]))
    parameters = list(model.parameters())
    steps, steps_per_epoch, batch = experiment.plan.steps, experiment.plan.steps_per_epoch, experiment.plan.batch
    status, reason = "finished", f"all {steps:,} steps are done"
    sink.started(instrument.layers, preloaded)
    clock = Clock(sink)

    step = 0
    while True:
        at = step % steps_per_epoch
        if at == 0:  # every example has been visited equally often
            values = evaluate(experiment, sink, step)
            if step:
                sink.event(step, "epoch", {"epoch": step // steps_per_epoch})
            if early and early.observe(step, values, model):
                sink.event(step, "early_stop", {"best_step": early.best_step, "monitor": spec.stop.early.monitor, "best": early.best})  # type: ignore[union-attr]
                reason = f"early stop: {spec.stop.early.monitor} has not improved on {early.best:.4g} since step {early.best_step:,}"  # type: ignore[union-attr]
                break
            order = torch.randperm(len(data.train.y), generator=experiment.order)
        if step == steps:
            break
        if not steering.boundary(step):
            status, reason = "stopped", f"stopped by the user at step {step:,}"
            break

        chosen = order[at * batch : (at + 1) * batch]
        x, y = data.train.x[chosen], data.train.y[chosen]
        instrument.begin(step)
        output = model(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        instrument.after_backward()

        now = steering.spec
        l1, l2 = now.penalty.l1, now.penalty.l2
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        point = {"train/loss": loss.item(), "train/accuracy": (output.argmax(1) == y).float().mean().item()}
        point |= _penalties(experiment.weights, l1, l2)
        sink.scalars(step, point | {"lr": now.optimizer.params["lr"], "grad/norm": norm.item()})
        if not math.isfinite(point["train/loss"]):
            instrument.end(step)
            sink.event(step, "diverged", {"loss": str(point["train/loss"])})
            status, reason = (
                "diverged",
                f"the training loss became {point['train/loss']} at step {step:,}; a smaller learning rate often helps",
            )
            break
        if l1 or l2:
            penalty.add_gradient(experiment.weights, l1, l2)
        if spec.optimizer.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, spec.optimizer.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        instrument.end(step)
        step += 1
        clock.tick(step)

    if status == "finished" and early and early.restore(model):
        sink.event(step, "restored", {"best_step": early.best_step})
    if status != "diverged":
        with torch.no_grad():
            loss_, accuracy = measure(model, data.test)
        sink.scalars(step, {"test/loss": loss_, "test/accuracy": accuracy})
    sink.ended(status, reason, step)


def evaluate(experiment: Experiment, sink: Sink, step: int) -> dict[str, float]:
    """Validation, and the gap to the training loss on equal terms: eval mode, as many training examples as validation has."""
    model, data = experiment.model, experiment.data
    with torch.no_grad():
        loss, accuracy = measure(model, data.val)
        size = len(data.val.y)
        train_loss, _ = measure(model, Split(data.train.x[:size], data.train.y[:size]))
    values = {"val/loss": loss, "val/accuracy": accuracy, "gap/loss": loss - train_loss}
    sink.scalars(step, values)
    return values


def measure(model: nn.Module, split: Split) -> tuple[float, float]:
    """`(mean loss, accuracy)` in eval mode; the model is in train mode again afterwards."""
    model.eval()
    loss, right = 0.0, 0
    for x, y in zip(split.x.split(CHUNK), split.y.split(CHUNK), strict=True):
        output = model(x)
        loss += F.cross_entropy(output, y, reduction="sum").item()
        right += int((output.argmax(1) == y).sum())
    model.train()
    return loss / len(split.y), right / len(split.y)


class Clock:
    """Says about once a second how fast the run goes."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._since, self._step = sink, time.monotonic(), 0

    def tick(self, step: int) -> None:
        now = time.monotonic()
        if now - self._since >= 1.0:
            self._sink.scalars(step, {"time/steps_per_s": (step - self._step) / (now - self._since)})
            self._since, self._step = now, step


def _penalties(weights: list[nn.Parameter], l1: float, l2: float) -> dict[str, float]:
    """The terms that are added to the loss: l1·Σ|w| and l2·Σw²."""
    held = [w.detach() for w in weights]
    return {
        "penalty/l1": l1 * sum(n.item() for n in torch._foreach_norm(held, 1)) if l1 else 0.0,
        "penalty/l2": l2 * sum(n.item() ** 2 for n in torch._foreach_norm(held, 2)) if l2 else 0.0,
    }


def _set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr
