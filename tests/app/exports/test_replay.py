"""What a replay draws of what was measured, and what it says where nothing was."""

import json
from typing import Any

import numpy as np
import pytest

from app.exports import replay
from app.store.pyramid import Buckets
from tests.server import Server

NOTHING = "Nothing was measured yet"
RECORD = {"id": "one", "name": "one", "status": "running", "end_reason": None, "step": 4.0, "spec": {}, "version": "1", "notes": ""}


def written(*curves: str) -> str:
    points = Buckets.of_points(np.arange(4.0), np.array([0.1, 0.2, 0.3, 0.4]))
    table: dict[str, list[Any]] = {"layers": [], "quantities": [], "steps": [], "values": []}
    held = {"curves": dict.fromkeys(curves, (1, points)), "table": table, "lines": {}, "columns": {}}
    return replay._write(RECORD, held | {"function": [], "points": None, "events": []}, None, "en")


def traces(file: str, figure: str) -> list[dict[str, Any]]:
    held = file.split('<script type="application/json" id="replay">')[1].split("</script>")[0]
    return list((json.loads(held)[figure] or {"data": []})["data"])


@pytest.mark.parametrize("curve", ["train/loss", "val/accuracy", "labels/wrong_learnt"])
def test_a_replay_says_that_nothing_was_measured_where_it_draws_nothing(curve: str) -> None:
    assert NOTHING in written()
    assert NOTHING not in written(curve)


def test_wrong_labels_learnt_are_drawn_with_the_accuracy_and_dotted() -> None:
    file = written("train/loss", "val/accuracy", "labels/wrong_learnt")
    drawn = next(trace for trace in traces(file, "accuracy") if trace["meta"]["series"] == "labels/wrong_learnt")
    assert (drawn["name"], drawn["line"]["dash"]) == ("wrong labels learnt", "dot")
    assert {trace["meta"]["series"] for trace in traces(file, "loss")} == {"train/loss", "train/loss/smoothed"}


def test_a_run_with_wrong_labels_takes_them_into_its_replay(server: Server) -> None:
    spec = {"data": {"name": "digits", "label_noise": 0.3}, "stop": {"max_epochs": 2, "max_steps": None, "early": None}}
    run = server.post(spec)["id"]
    assert server.wait(run)["status"] == "finished"
    file = server.client.get(f"/api/runs/{run}/export", params={"format": "html"}).text
    assert "labels/wrong_learnt" in {trace["meta"]["series"] for trace in traces(file, "accuracy")}
