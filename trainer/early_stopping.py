"""Stop when validation no longer improves, and keep the best state (Prechelt 1998, "Early Stopping – But When?")."""

import copy
from typing import Any

from torch import nn

from trainer.spec import EarlySpec


class EarlyStopping:
    """Patience counts evaluations; an improvement must be larger than `min_delta`.

    The best state is copied deep, buffers included: batch norm's running statistics belong to it.
    """

    def __init__(self, spec: EarlySpec) -> None:
        self._spec = spec
        self._sign = 1 if spec.monitor == "val/accuracy" else -1
        self._best = -float("inf")
        self._waited = 0
        self._state: dict[str, Any] | None = None
        self.best_step = 0

    def observe(self, step: int, values: dict[str, float], model: nn.Module) -> bool:
        """After an evaluation; True where patience has run out. A NaN is no improvement."""
        value = self._sign * values[self._spec.monitor]
        if value > self._best + self._spec.min_delta:
            self._best, self._waited, self.best_step = value, 0, step
            if self._spec.restore_best:
                self._state = copy.deepcopy(model.state_dict())
        else:
            self._waited += 1
        return self._waited >= self._spec.patience

    @property
    def best(self) -> float:
        return self._sign * self._best

    def restore(self, model: nn.Module) -> bool:
        """Bring the best state back; False where there is none to bring."""
        if self._state is None:
            return False
        model.load_state_dict(self._state)
        return True
