"""Stop when validation no longer improves, and keep the best state (Prechelt 1998, "Early Stopping – But When?")."""

import copy
from typing import Any

import torch
from torch import nn

from trainer.spec import EarlySpec


class EarlyStopping:
    """Patience counts evaluations; an improvement must be larger than `min_delta`.

    The best state is copied deep, buffers included: batch norm's running statistics belong to it. `obeyed` is false where
    the spec has it off: the step at which it would have ended is marked all the same, and no state is kept.
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
        """After an evaluation; True where patience has run out. A NaN is no improvement."""
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
        """Whether it ran out with the last evaluation."""
        return self._waited == self.spec.patience

    def told(self) -> dict[str, Any]:
        return {"best_step": self.best_step, "monitor": self.spec.monitor, "best": self.best, "obeyed": self.obeyed}

    @property
    def best(self) -> float:
        return self._sign * self._best

    def restore(self, model: nn.Module) -> bool:
        """Bring the best state back; False where there is none to bring."""
        if self.state is None:
            return False
        model.load_state_dict(self.state)
        return True

    def memory(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the best state."""
        best = None if self._best == -float("inf") else self.best
        return {"monitor": self.spec.monitor, "best": best, "waited": self._waited, "best_step": self.best_step, "reached": self.reached}

    def go_on(self) -> None:
        """Whoever goes on from a state at which patience had run out is given patience anew; the best stays the best."""
        if self.obeyed and self.due:
            self._waited, self.reached = 0, False

    def recall(self, memory: dict[str, Any], state: dict[str, torch.Tensor]) -> None:
        """Go on where another run was. What was kept of another quantity, or of a model of other shapes, says nothing here."""
        if memory["monitor"] != self.spec.monitor or memory["best"] is None or (self.spec.restore_best and not state):
            return
        self._best, self._waited = self._sign * memory["best"], memory["waited"]
        self.best_step, self.reached = memory["best_step"], memory["reached"] and self.due  # patience may be larger now
        self.state = state or None
