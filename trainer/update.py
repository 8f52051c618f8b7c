"""From the gradient of the loss to the next weights: penalty, clipping, schedule and optimizer, each at its defined place."""

from collections.abc import Mapping

import torch

from dynascope import kernels
from trainer import registry
from trainer.build import Experiment
from trainer.parts.optimizers import step_of
from trainer.spec import RunSpec, Strict


class Update:
    """The part of a training step after `loss.backward()`: first `begin`, which changes no weight, then `apply`."""

    def __init__(self, experiment: Experiment) -> None:
        spec = experiment.plan.spec
        self._params: Mapping[str, Strict] = experiment.params
        self._weights, self._parameters = experiment.weights, list(experiment.model.parameters())
        self._penalty, self._part = registry.part("penalty", spec.penalty.method), registry.part("optimizer", spec.optimizer.name)
        self._schedule = registry.part("schedule", spec.optimizer.schedule.name) if spec.optimizer.schedule else None
        self._optimizer, self._step = experiment.optimizer, step_of(experiment.optimizer)
        self._norm = kernels.GradientNorm(self._parameters)
        self._read(spec)

    def _read(self, spec: RunSpec) -> None:
        self._l1, self._l2, self._clip = spec.penalty.l1, spec.penalty.l2, spec.optimizer.clip_norm
        self._lr = self._base_lr = float(spec.optimizer.params["lr"])

    def follow(self, spec: RunSpec, params: Mapping[str, Strict]) -> None:
        """Use live fields that have changed."""
        self._params = params
        self._read(spec)
        for group in self._optimizer.param_groups:
            group.update(self._part.settings(params["optimizer"]))
        self._part.ready(self._optimizer)

    def begin(self, step: int, steps: int) -> dict[str, float]:
        """Set the rate of `step` of `steps`. Returns the penalty terms l1·Σ|w| and l2·Σw², the rate, and ‖∇loss‖ over all parameters."""
        if self._schedule:
            self._lr = self._base_lr * self._schedule.factor(step, steps, self._params["schedule"])
            for group in self._optimizer.param_groups:
                group["lr"] = self._lr
        return {
            "penalty/l1": self._l1 * sum(n.item() for n in torch._foreach_norm([w.detach() for w in self._weights], 1))
            if self._l1
            else 0.0,
            "penalty/l2": self._l2 * kernels.norm(self._weights) ** 2 if self._l2 else 0.0,
            "lr": self._lr,
            "grad/norm": self._norm(),
        }

    def apply(self) -> None:
        """Update the weights; all gradients are removed."""
        l1, l2 = self._l1, self._l2
        penalised = l1 or l2
        if penalised:
            self._penalty.add_gradient(self._weights, l1, l2)
        if self._clip is not None:
            torch.nn.utils.clip_grad_norm_(self._parameters, self._clip)
        if penalised:
            self._penalty.decay(self._weights, self._lr, l1, l2)
        self._step()
        if penalised:
            self._penalty.shrink(self._weights, self._lr, l1, l2)
        for parameter in self._parameters:  # takes a quarter of the time of `optimizer.zero_grad()`
            parameter.grad = None
