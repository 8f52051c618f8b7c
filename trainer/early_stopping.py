"""Stop when validation no longer improves, and keep the best state (Prechelt 1998, "Early Stopping – But When?")."""

import copy
from typing import Any

import torch
from torch import nn

from trainer.spec import EarlySpec


class EarlyStopping:
    """Patience counts evaluations; an improvement must be larger than `min_delta`.

    The best state is a deep copy with buffers, because batch norm's running statistics belong to it. `obeyed` is false if the spec
    has no early stopping: then the step at which it would have ended is still marked, but no state is kept.
    """

    def __init__(self, spec: EarlySpec | None) -> None:
        self.obeyed = spec is not None
        self.spec = spec or EarlySpec(restore_best=False)
        self._sign = 1 if self.spec.monitor == "val/accuracy" else -1
        self._best = -float("inf")
        self._waited = 0
        self.state: dict[str, torch.Tensor] | None = None
        self.best_step = 0
        self.reached = False

    def observe(self, step: int, values: dict[str, float], model: nn.Module) -> bool:
        """Called after an evaluation; True if patience has run out. NaN is no improvement."""
        value = self._sign * values[self.spec.monitor]
        if value > self._best + self.spec.min_delta:
            self._best, self._waited, self.best_step = value, 0, step
            if self.spec.restore_best:
                self.state = copy.deepcopy(model.state_dict())
        else:
            self._waited += 1
        return self.due

    @property
    def due(self) -> bool:
        """Whether patience has run out."""
        return self._waited >= self.spec.patience

    @property
    def just_due(self) -> bool:
        """Whether patience ran out at the last evaluation."""
        return self._waited == self.spec.patience

    def told(self) -> dict[str, Any]:
        return {"best_step": self.best_step, "monitor": self.spec.monitor, "best": self.best, "obeyed": self.obeyed}

    @property
    def best(self) -> float:
        return self._sign * self._best

    def restore(self, model: nn.Module) -> bool:
        """Restore the best state; False if there is none."""
        if self.state is None:
            return False
        model.load_state_dict(self.state)
        return True

    def memory(self) -> dict[str, Any]:
        """The values that a checkpoint keeps beside the best state."""
        best = None if self._best == -float("inf") else self.best
        return {"monitor": self.spec.monitor, "best": best, "waited": self._waited, "best_step": self.best_step, "reached": self.reached}

    def go_on(self) -> None:
        """Reset the patience if it had run out when the run was saved; the best value stays."""
        if self.obeyed and self.due:
            self._waited, self.reached = 0, False

    def recall(self, memory: dict[str, Any], state: dict[str, torch.Tensor]) -> None:
        """Continue from another run's memory. Memory of another monitored quantity or of a model of other shapes is ignored."""
        if memory["monitor"] != self.spec.monitor or memory["best"] is None or (self.spec.restore_best and not state):
            return
        self._best, self._waited = self._sign * memory["best"], memory["waited"]
        self.best_step, self.reached = memory["best_step"], memory["reached"] and self.due  # the new patience may be larger
        self.state = state or None
