"""Attaches probes to a model for the steps that are measured, and detaches without a trace."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from dynascope import kernels
from dynascope.budget import Budget, Every
from dynascope.messages import Layer
from dynascope.probes import Probe, discover
from dynascope.probes.sites import find_sites
from dynascope.sinks.base import Sink


class Instrument:
    """Measures a model from inside its training loop, in this order::

        instrument.begin(step)       # before the forward in train mode
        loss.backward()
        instrument.after_backward()  # before penalties, clipping and the optimizer
        instrument.end(step)         # writes to the sink

    A step that is not measured has no hook anywhere. Only train-mode forwards between `begin` and `end` are looked at.
    `every` and `budget` (a share of training time) are those of `dynascope.budget.Budget`.
    """

    def __init__(self, model: nn.Module, sink: Sink, *, every: Every = "auto", budget: float = 0.02) -> None:
        self._model, self._sink = model, sink
        self._budget = Budget(every, budget)
        self._sites = find_sites(model)
        self._names = [site.name for site in self._sites]
        self._probes: list[Probe] = [probe(self._sites) for probe in discover()]
        self._quantities = [quantity for probe in self._probes for quantity in probe.quantities]
        self._applies = np.concatenate([probe.applies() for probe in self._probes], axis=1)
        self._handles: list[RemovableHandle] = []
        self._cost = 0.0
        self.measuring = False
        if every != "never":
            kernels.warm()

    @property
    def layers(self) -> list[Layer]:
        """In the order that data pass them."""
        return [site.describe() for site in self._sites]

    def begin(self, step: int) -> None:
        self.detach()  # a step that raised may have left its hooks
        if not self._sites or not self._budget.due(step):
            return
        start = perf_counter()
        self.measuring = True
        for probe in self._probes:
            probe.reset()
        self._attach()
        self._cost = perf_counter() - start

    def after_backward(self) -> None:
        if not self.measuring:
            return
        start = perf_counter()
        for probe in self._probes:
            if probe.at == "backward":
                for row in range(len(self._sites)):
                    probe.measure(row, None)
        self._cost += perf_counter() - start

    def end(self, step: int) -> None:
        if not self.measuring:
            return
        start = perf_counter()
        self.detach()
        self._write(step)
        self._budget.spent(self._cost + perf_counter() - start)
        self._sink.scalars(step, {"probe/overhead": self._budget.overhead})

    def detach(self) -> None:
        """Remove every hook and forget a step under way."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self.measuring = False

    def _attach(self) -> None:
        outputs, inputs = defaultdict(list), defaultdict(list)
        for row, site in enumerate(self._sites):
            outputs[site.output].append(row)
            if site.norm is not None:
                inputs[site.norm].append(row)
        for module, rows in inputs.items():
            look = self._look([probe for probe in self._probes if probe.at == "norm"], rows)
            self._handles.append(module.register_forward_pre_hook(lambda module, args, look=look: look(args)))
        for module, rows in outputs.items():
            look = self._look([probe for probe in self._probes if probe.at == "activation"], rows)
            self._handles.append(module.register_forward_hook(lambda module, args, output, look=look: look(output)))

    def _look(self, probes: list[Probe], rows: list[int]) -> Callable[[Any], None]:
        """A module that several layers share is taken to run for them in turn; one that runs again belongs to the same again."""
        calls = 0

        def look(value: Any) -> None:
            nonlocal calls
            start = perf_counter()
            tensor = _first_tensor(value)
            if self._model.training and tensor is not None:
                for probe in probes:
                    probe.measure(rows[calls % len(rows)], tensor)
                calls += 1
            self._cost += perf_counter() - start

        return look

    def _write(self, step: int) -> None:
        values = np.concatenate([probe.values() for probe in self._probes], axis=1)
        values[~self._applies] = np.nan
        self._sink.layer_stats(step, self._names, self._quantities, values, self._applies)
        for probe in self._probes:
            if probe.histogram is not None:
                self._sink.histograms(step, probe.histogram, self._names, probe.counts())


def _first_tensor(value: Any) -> torch.Tensor | None:
    """Of a recurrent layer's `(output, state)` or a module's arguments: what comes first."""
    if isinstance(value, torch.Tensor):
        return value
    parts: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return next((found for part in parts if (found := _first_tensor(part)) is not None), None)
