"""The histogram that is drawn equals a naive recount: the run trained again in plain PyTorch, counted with numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch import nn

from tests.browser.conftest import traces
from tests.browser.test_lab import until
from tests.server import Server
from trainer import build, plan
from trainer.spec import RunSpec

pytestmark = pytest.mark.browser
STEPS = 24


def test_the_drawn_histogram_equals_a_naive_recount(open_page: Callable[..., Page], server: Server) -> None:
    spec = {"seed": 11, "stop": {"max_epochs": None, "max_steps": STEPS, "early": None}, "probes": {"every": 1}}
    run = server.post(spec)["id"]
    server.wait(run)
    page = open_page(path=f"#run={run}")
    until(page, lambda: any(t["meta"].get("run") == run and len(t["x"]) >= STEPS for t in traces(page, "figure-activations")))
    drawn = next(t for t in traces(page, "figure-activations") if t["meta"].get("run") == run)
    layer = drawn["meta"]["layer"]
    naive = activations_of(server.get(run)["spec"], layer)
    low, high = np.array(drawn["meta"]["low"], float), np.array(drawn["meta"]["high"], float)
    z = np.array(drawn["z"], float)
    assert z.shape == (len(low), len(drawn["meta"]["steps"]))
    for column, step in enumerate(drawn["meta"]["steps"]):
        np.testing.assert_array_equal(z[:, column], recount(naive[int(step)], low, high), err_msg=f"step {step}")
        assert z[:, column].sum() == naive[int(step)].size


def recount(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[int]:
    """Rows are [low, high) above zero, (low, high] below it, and zero alone."""
    x = values.astype(np.float64)
    return [
        int(((x == 0) if a == b == 0 else ((x > 0) & (x >= a) & (x < b)) if b > 0 else ((x < 0) & (x > a) & (x <= b))).sum())
        for a, b in zip(low, high, strict=True)
    ]
