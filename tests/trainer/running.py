"""A whole run in this process, its messages unrolled."""

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynascope.messages import STEP, VALUE, Control, Event, LayerStats, RunEnded, Scalars
from dynascope.sinks.memory import Memory
from trainer import loop, registry
from trainer.control import Commands
from trainer.spec import RunSpec


@dataclass
class Record:
    """Points by series, as lists of steps and of values; events and the end as they were sent."""

    points: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    end: RunEnded | None = None

    def values(self, name: str) -> list[float]:
        return self.points[name][1]

    def of_kind(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


def spec_of(steps: int | None = None, **changes: Any) -> RunSpec:
    """A spec that ends after `steps`, with nested changes written as `optimizer__params={...}`."""
    data: dict[str, Any] = {} if steps is None else {"stop": {"max_epochs": None, "max_steps": steps, "early": None}}
    for path, value in changes.items():
        *way, last = path.split("__")
        node = data
        for key in way:
            node = node.setdefault(key, {})
        node[last] = value
    return RunSpec.model_validate(data)


def run(spec: RunSpec, commands: Commands | None = None) -> Record:
    registry.discover()
    sink = Memory()
    loop.run(spec, sink, commands or Commands())
    return record_of(sink)


def record_of(sink: Memory) -> Record:
    record = Record()
    for message in sink.messages():
        if isinstance(message, Scalars):
            steps = np.frombuffer(message.steps, STEP).tolist()
            rows = np.frombuffer(message.values, VALUE).reshape(len(message.names), -1).tolist()
            for name, row in zip(message.names, rows, strict=True):
                held = record.points.setdefault(name, ([], []))
                held[0].extend(steps)
                held[1].extend(row)
        elif isinstance(message, Event):
            record.events.append(message)
        elif isinstance(message, RunEnded):
            record.end = message
    return record


def newest_by_layer(sink: Memory) -> dict[str, np.ndarray]:
    """Quantity → float64[layers], as it was last measured."""
    table: dict[str, np.ndarray] = {}
    for message in sink.messages():
        if isinstance(message, LayerStats):
            values = np.frombuffer(message.values, VALUE).reshape(-1, len(message.layers), len(message.quantities))[-1]
            table |= dict(zip(message.quantities, values.T, strict=True))
    return table


class Steered:
    """A run in a thread, for commands that must come while it goes on."""

    def __init__(self, spec: RunSpec) -> None:
        registry.discover()
        self.sink, self.commands, self.asked = Memory(), Commands(), 0
        self._thread = threading.Thread(target=loop.run, args=(spec, self.sink, self.commands))
        self._thread.start()

    def ask(self, action: str, **changes: Any) -> Event:
        """Send one command and wait for its event."""
        self.asked += 1
        id = str(self.asked)
        self.commands.put(Control(id=id, action=action, changes={k.replace("__", "."): v for k, v in changes.items()}))
        for _ in range(2000):
            found = [e for e in record_of(self.sink).of_kind("control") if e.data["id"] == id]
            if found:
                return found[0]
            self._thread.join(0.005)
        raise AssertionError(f"no answer to {action}")

    def wait_for_step(self, step: int) -> None:
        for _ in range(600):
            held = record_of(self.sink).points.get("train/loss", ([], []))[0]
            if held and held[-1] >= step:
                return
            self._thread.join(0.1)
        raise AssertionError(f"step {step} was not reached")

    def end(self) -> Record:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return record_of(self.sink)
