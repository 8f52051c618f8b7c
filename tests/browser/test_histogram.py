"""The histogram that is drawn equals a naive recount: the run trained again in plain PyTorch, counted with numpy."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch import nn

from tests.browser.conftest import traces
from tests.browser.test_lab import until
from tests.server import Server
from trainer import registry
from trainer.build import build
from trainer.plan import plan
from trainer.spec import RunSpec

pytestmark = pytest.mark.browser
STEPS = 24


def test_the_drawn_histogram_equals_a_naive_recount(open_page: Callable[..., Page], server: Server) -> None:
    spec = {"seed": 11, "stop": {"max_epochs": None, "max_steps": STEPS, "early": None}, "probes": {"every": 1}}
    run = server.post(spec)["id"]
    server.wait(run)
    page = open_page(place=f"#run={run}")
    until(page, lambda: any(t["meta"].get("run") == run and len(t["x"]) >= STEPS for t in traces(page, "figure-activations")))
    drawn = next(t for t in traces(page, "figure-activations") if t["meta"].get("run") == run)
    layer = drawn["meta"]["layer"]
    naive = activations_of(server.get(run)["spec"], layer)
    low, high = np.array(drawn["meta"]["low"], float), np.array(drawn["meta"]["high"], float)
    z = np.array(drawn["z"], float)
    assert z.shape == (len(low), len(drawn["meta"]["steps"]))
    for column, step in enumerate(drawn["meta"]["steps"]):
        size = naive[int(step)].size
        np.testing.assert_allclose(z[:, column] * size, recount(naive[int(step)], low, high), rtol=1e-9, atol=1e-9, err_msg=f"step {step}")
        assert z[:, column].sum() == pytest.approx(1)


def activations_of(spec: dict[str, Any], layer: str) -> list[np.ndarray]:
    """Layer `layer`'s output at each step: the same data, order and first weights, a network and a loop written out here."""
    registry.discover()
    experiment = build(plan(RunSpec.model_validate(spec)))
    width, depth = spec["model"]["params"]["width"], spec["model"]["params"]["depth"]
    sizes = [64, *[width] * depth]
    blocks = [nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()) for a, b in pairwise(sizes)]
    net = nn.Sequential(*blocks, nn.Linear(width, 10))
    with torch.no_grad():
        for mine, theirs in zip(net.parameters(), experiment.model.parameters(), strict=True):
            mine.copy_(theirs)
    optimizer = torch.optim.SGD(net.parameters(), lr=spec["optimizer"]["params"]["lr"], momentum=spec["optimizer"]["params"]["momentum"])
    train, size = experiment.data.train, spec["data"]["batch_size"]
    seen: list[np.ndarray] = []
    batches: list[torch.Tensor] = []
    while len(seen) < STEPS:
        if not batches:
            order = torch.randperm(len(train.y), generator=experiment.order)
            batches = list(order.split(size))
        now = batches.pop(0)
        hidden = train.x[now]
        for index, block in enumerate(blocks):
            hidden = block(hidden)
            if f"hidden{index + 1}" == layer:
                seen.append(hidden.detach().numpy().copy())
        nn.functional.cross_entropy(net[-1](hidden), train.y[now]).backward()
        optimizer.step()
        optimizer.zero_grad()
    return seen


def recount(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[int]:
    """Rows are [low, high) above zero, (low, high] below it, and zero alone."""
    x = values.astype(np.float64)
    return [
        int(((x == 0) if a == b == 0 else ((x > 0) & (x >= a) & (x < b)) if b > 0 else ((x < 0) & (x > a) & (x <= b))).sum())
        for a, b in zip(low, high, strict=True)
    ]
