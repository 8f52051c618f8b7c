"""Attaches probes to a model for measured steps, and removes them completely afterwards."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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

log = logging.getLogger(__name__)

#: A probe with the cost class "cheap" measures at every n-th measured step, where n is this number.
CHEAP_EVERY = 16


class Instrument:
    """Measures a model from inside its training loop, in this order::

        instrument.begin(step)       # before the forward in train mode
        loss.backward()
        instrument.after_backward()  # before penalties, clipping and the optimizer
        instrument.end(step)         # writes to the sink

    A step that is not measured has no hooks. Only train-mode forwards between `begin` and `end` are measured.
    `every`, `budget` (a share of training time) and `clock` (seconds) are those of `dynascope.budget.Budget`. Quantities that
    need many examples, such as dead units, are measured by `survey`, a context that a loop puts around an evaluation.

    A model with padded sequences sets an attribute `real_positions`, bool[n, positions], in its forward before its layers run
    (None if nothing is padded): then only the true positions of a layer's [n, positions, units] input or output are measured.
    A model without the attribute is not affected and has no extra cost.

    If a probe raises, this is reported once, as a warning and an event of kind `probe_failed`; the probe is then left out, and
    training continues.
    """

    def __init__(
        self, model: nn.Module, sink: Sink, *, every: Every = "auto", budget: float = 0.02, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._model, self._sink, self._clock = model, sink, clock
        self._padded = hasattr(model, "real_positions")
        self._budget = Budget(every, budget, clock)
        self._sites = find_sites(model)
        self._names = [site.name for site in self._sites]
        probes = [probe(self._sites) for probe in discover()]
        self._surveying = [probe for probe in probes if probe.at == "survey" and every != "never"]
        surveyed = np.any([probe.applies().any(axis=1) for probe in self._surveying], axis=0)
        self._surveyed: list[int] = np.flatnonzero(surveyed).tolist()
        self._probes: list[Probe] = [probe for probe in probes if probe.at != "survey"]
        self._looking = self._probes
        self._looks = 0
        self._step = 0
        #: Per layer, the count `_ran` at the last run of its weighted module: a shared activation module runs for the newest of its layers.
        self._ran_at = [0] * len(self._sites)
        self._ran = 0
        #: Activation modules that also ran for layers that they are not registered after, and whether a measured step has found them.
        self._reused: set[nn.Module] = set()
        self._knows = False
        self._applies: dict[tuple[str, ...], np.ndarray] = {}
        self._handles: list[RemovableHandle] = []
        self._cost = 0.0
        self.measuring = False
        if every != "never":
            kernels.warm()

    def keep_to(self, every: Every, budget: float) -> None:
        """Change how often steps are measured, from the next step on."""
        if (every, budget) != (self._budget.every, self._budget.share):
            self._budget = Budget(every, budget, self._clock)

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order in which data pass them."""
        return [site.describe() for site in self._sites]

    def begin(self, step: int) -> None:
        self.detach()  # a step that raised an error may have left its hooks
        if not self._sites or not self._budget.due(step):
            return
        start = perf_counter()
        self._step = step
        self.measuring = True
        self._looking = [probe for probe in self._probes if probe.cost == "free" or self._looks % CHEAP_EVERY == 0]
        self._looks += 1
        for probe in self._looking:
            self._ask(probe, probe.reset)
        self._attach()
        self._cost = perf_counter() - start

    def after_backward(self) -> None:
        if not self.measuring:
            return
        start = perf_counter()
        for probe in self._looking:
            if probe.at == "backward":
                self._ask(probe, self._every_layer, probe)
            elif probe.at == "update":
                self._ask(probe, probe.prepare)
        self._cost += perf_counter() - start

    def end(self, step: int) -> None:
        if not self.measuring:
            return
        start = perf_counter()
        self.detach()
        for probe in self._looking:
            if probe.at == "update":
                self._ask(probe, self._every_layer, probe)
        self._knows = True
        self._write(step)
        self._budget.spent(self._cost + perf_counter() - start)
        self._sink.scalars(step, {"probe/overhead": self._budget.overhead})

    @contextmanager
    def survey(self, step: int) -> Iterator[None]:
        """Measure every forward inside, in either mode, as one set of examples: an evaluation at `step`."""
        if not self._surveyed:
            yield
            return
        self._step = step
        for probe in self._surveying:
            self._ask(probe, probe.reset)
        handles = self._hooked(self._surveyed, self._surveying, lambda: True)
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
        if self._surveying:
            self._write_table(step, self._surveying)

    def _every_layer(self, probe: Probe) -> None:
        for row in range(len(self._sites)):
            probe.measure(row, None)

    def _ask(self, probe: Probe, question: Callable[..., Any], *given: Any) -> Any:
        """The result of a probe's method; None if it raises, and the probe is then left out."""
        try:
            return question(*given)
        except Exception as trouble:  # noqa: BLE001  a failed measurement must not stop training
            self._leave_out(probe, trouble)
            return None

    def _leave_out(self, probe: Probe, trouble: Exception) -> None:
        if probe in self._probes or probe in self._surveying:
            why = f"{type(trouble).__name__}: {trouble}"
            log.warning("probe %s failed and is left out from now on: %s", probe.name, why)
            self._sink.event(self._step, "probe_failed", {"probe": probe.name, "reason": why})
        self._probes, self._looking, self._surveying = (
            [other for other in probes if other is not probe] for probes in (self._probes, self._looking, self._surveying)
        )

    def _real(self, tensor: torch.Tensor | None) -> torch.Tensor | None:
        """The real positions of a tensor with padded positions, as [real positions, units]."""
        real = getattr(self._model, "real_positions", None) if self._padded else None
        if real is None or tensor is None or tensor.ndim != 3 or tensor.shape[:2] != real.shape:
            return tensor
        return tensor.detach()[real]

    def detach(self) -> None:
        """Remove every hook and end the measuring of the current step."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self.measuring = False

    def _attach(self) -> None:
        def training() -> bool:
            return self._model.training

        by_norm = defaultdict(list)
        for row, site in enumerate(self._sites):
            if site.norm is not None:
                by_norm[site.norm].append(row)
        for norm, rows in by_norm.items():
            look = self._look([probe for probe in self._looking if probe.at == "norm"], rows, len(rows) > 1, training)
            self._handles.append(norm.register_forward_pre_hook(lambda module, args, look=look: look(module, args)))
        activations = [probe for probe in self._looking if probe.at == "activation"]
        sharing = [row for rows in by_norm.values() if len(rows) > 1 for row in rows]
        self._handles += self._hooked(range(len(self._sites)), activations, training, sharing)

    def _hooked(
        self, rows: Iterable[int], probes: list[Probe], wanted: Callable[[], bool], followed: Iterable[int] = ()
    ) -> list[RemovableHandle]:
        """Hooks that pass the outputs of these layers to `probes` if `wanted()`; runs of the `followed` layers are counted too."""
        handles: list[RemovableHandle] = []
        by_output, noted = defaultdict(list), set(followed)
        for row in rows:
            by_output[self._sites[row].output].append(row)
        for module, of_it in by_output.items():
            # An activation module has no parameters, so a model may use it for layers that it is not registered after. The first
            # measured step detects this: counting every layer's runs always would be a tenth of the cost of measuring every step.
            suspected = not self._knows and module is self._sites[of_it[0]].activation
            shared = len(of_it) > 1 or module in self._reused or suspected
            if shared:
                noted.update(row for row in of_it if self._sites[row].module is not module)
            look = self._look(probes, of_it, shared, wanted)
            handles.append(module.register_forward_hook(lambda module, args, output, look=look: look(module, output)))
        for row in noted:
            handles.append(self._sites[row].module.register_forward_hook(lambda module, args, output, row=row: self._has_run(row)))
        return handles

    def _has_run(self, row: int) -> None:
        self._ran += 1
        self._ran_at[row] = self._ran

    def _look(self, probes: list[Probe], rows: list[int], shared: bool, wanted: Callable[[], bool]) -> Callable[[nn.Module, Any], None]:
        """A `shared` module's run belongs to the layer whose weighted module ran last, once per run of that weighted module."""
        ran_at, seen = self._ran_at, self._ran

        def layer() -> int | None:
            nonlocal seen
            row = max(rows, key=ran_at.__getitem__)
            if ran_at[row] <= seen:
                return None
            seen = ran_at[row]
            return row

        def look(module: nn.Module, value: Any) -> None:
            start = perf_counter()
            if wanted():
                row = layer() if shared else rows[0]
                if row is not None:
                    self._show(probes, row, value)
                else:
                    self._reused.add(module)
            self._cost += perf_counter() - start

        return look

    def _show(self, probes: list[Probe], row: int, value: Any) -> None:
        try:
            tensor = self._real(_first_tensor(value))
        except Exception as trouble:  # noqa: BLE001  as in `_ask`
            for probe in probes:
                self._leave_out(probe, trouble)
            return
        if tensor is not None:
            for probe in probes:
                self._ask(probe, probe.measure, row, tensor)

    def _write(self, step: int) -> None:
        for cost in ("free", "cheap"):
            probes = [probe for probe in self._looking if probe.cost == cost]
            if probes:
                self._write_table(step, probes)
        for probe in self._looking:
            if probe.histogram is not None and (counts := self._ask(probe, probe.counts)) is not None:
                self._sink.histograms(step, probe.histogram, self._names, counts)

    def _write_table(self, step: int, probes: list[Probe]) -> None:
        tables = {probe: table for probe in probes if (table := self._ask(probe, self._table, probe)) is not None}
        if not tables:
            return
        quantities = [quantity for probe in tables for quantity in probe.quantities]
        applies = self._applying(list(tables))
        values = np.concatenate(list(tables.values()), axis=1)
        values[~applies] = np.nan
        self._sink.layer_stats(step, self._names, quantities, values, applies)

    def _table(self, probe: Probe) -> np.ndarray:
        return probe.values().reshape(len(self._sites), len(probe.quantities))

    def _applying(self, probes: list[Probe]) -> np.ndarray:
        """Which quantities of these probes apply to which layers; the same at every step."""
        key = tuple(probe.name for probe in probes)
        if key not in self._applies:
            self._applies[key] = np.concatenate([probe.applies() for probe in probes], axis=1)
        return self._applies[key]


def _first_tensor(value: Any) -> torch.Tensor | None:
    """The first tensor in a value, such as a recurrent layer's `(output, state)` or a module's arguments."""
    if isinstance(value, torch.Tensor):
        return value
    parts: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return next((found for part in parts if (found := _first_tensor(part)) is not None), None)
