"""Runs inside an experiment that does not use the queue: the product's loop trains them, without measurements inside the network."""

from typing import Any

import numpy as np
import torch

from dynascope.messages import STEP, VALUE, Scalars
from dynascope.sinks.memory import Memory
from trainer import loop
from trainer.control import Commands
from trainer.spec import RunSpec


def trained(spec: dict[str, Any]) -> dict[str, float]:
    """The newest value of each series. The process's RNG state is not changed."""
    sink = Memory()
    with torch.random.fork_rng(devices=[]):
        loop.run(RunSpec.model_validate(spec | {"probes": {"every": "never"}}), sink, Commands())
    newest: dict[str, tuple[float, float]] = {}
    for message in sink.messages():
        if isinstance(message, Scalars):
            step = float(np.frombuffer(message.steps, STEP)[-1])
            for name, row in zip(message.names, np.frombuffer(message.values, VALUE).reshape(len(message.names), -1), strict=True):
                if name not in newest or step > newest[name][0]:
                    newest[name] = (step, float(row[-1]))
    return {name: value for name, (_, value) in newest.items()}
