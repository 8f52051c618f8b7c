"""The script of a run, run alone in a process without the product, gives the same losses to the last bit."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.data_folder import PARAMS
from tests.trainer.interpreter import Interpreter
from tests.trainer.running import Steered, run, spec_of
from trainer import registry
from trainer.code import script
from trainer.plan import PlanError
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
STEPS = 24


def losses_of(text: str, folder: Path, interpreter: Interpreter | None = None) -> list[float]:
    """In one that is ready, to spare a script torch's import, or else as a user starts it."""
    (folder / "run.py").write_text(text)
    if interpreter:
        interpreter.run(folder)
    else:
        done = subprocess.run([sys.executable, "-I", "run.py", "losses.csv"], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    return [float(line) for line in (folder / "losses.csv").read_text().splitlines()]


#: Together they hold every part but the model `linear` with each data set once.
SPECS: list[dict[str, Any]] = [
    {"init__name": "default", "norm__name": "none", "data": {"name": "wine", "batch_size": 16}, "model__activation": {"name": "tanh"}},
    {
        "init__name": "zeros",
        "data": {"name": "breast_cancer"},
        "model__name": "linear",
        "optimizer": {"name": "adagrad"},
        "norm__name": "none",
    },
    {"init__name": "normal", "norm__name": "layer", "data": {"name": "moons", "label_noise": 0.2}, "model__activation": {"name": "gelu"}},
    {"init__name": "uniform", "norm__name": "rms", "data": {"name": "circles"}, "optimizer": {"name": "adam"}, "loss": "mse"},
    {
        "init__name": "truncated_normal",
        "norm__name": "group",
        "data": {"name": "spirals"},
        "optimizer": {"name": "adamw", "schedule": {"name": "cosine", "params": {"warmup": 5}}, "clip_norm": 1.0},
    },
    {
        "init__name": "xavier_uniform",
        "data": {"name": "blobs"},
        "model__activation": {"name": "leaky_relu"},
        "optimizer": {"name": "rmsprop"},
    },
    {
        "init__name": "xavier_normal",
        "norm__name": "none",
        "data": {"name": "sine"},
        "model__activation": {"name": "selu"},
        "optimizer__params": {"lr": 0.01},
    },
    {
        "init__name": "kaiming_uniform",
        "data": {"name": "diabetes"},
        "model__params": {"dropout": 0.3, "residual": True},
        "optimizer__params": {"lr": 0.01},
    },
    {"init__name": "orthogonal", "norm__placement": "after_activation", "model__activation": {"name": "silu"}},
    {"init__name": "lsuv", "norm__name": "none", "model__activation": {"name": "sigmoid"}, "penalty": {"l1": 1e-4, "l2": 1e-3}},
    {
        "init__name": "constant",
        "norm__name": "none",
        "model__name": "linear",
        "data": {"name": "sparse_linear", "batch_size": "full", "standardize": False},
        "optimizer": {"name": "gd", "schedule": {"name": "step", "params": {"every": 7}}},
        "penalty": {"l1": 0.1, "l2": 0.01, "method": "proximal"},
    },
    {
        "penalty": {"l2": 1e-3, "method": "decoupled"},
        "model__activation": {"name": "identity"},
        "optimizer": {"schedule": {"name": "linear"}},
    },
    {"init__name": "normal", "norm__name": "none", "data": {"name": "digits3d"}},
    {"init__name": "uniform", "data": {"name": "sequential_digits"}},
    {"init__name": "xavier_uniform", "data": {"name": "adding", "params": {"length": 8}}},
    {"init__name": "xavier_normal", "data": {"name": "mnist1d"}},
    {"init__name": "orthogonal", "data": {"name": "idx"}},
    {"init__name": "zeros", "data": {"name": "table", "params": PARAMS["table"]}},
    {"init__name": "kaiming_uniform", "norm__name": "layer", "data": {"name": "arrays", "params": PARAMS["arrays"]}},
    {"optimizer": {"params": {"nesterov": True}, "schedule": {"name": "exponential"}}},
    {"model": {"name": "cnn1d", "params": {"groups": 4, "residual": True}}, "norm__name": "instance"},
    {"model": {"name": "cnn2d", "params": {"dropout": 0.2}}, "norm__name": "layer", "init__name": "orthogonal"},
    {"model": {"name": "rnn", "params": {"depth": 2}}, "norm__name": "batch_noise", "init__name": "xavier_normal"},
    {"model__name": "gru", "norm": {"name": "group", "params": {"groups": 4}}, "init__name": "orthogonal"},
    {"model__name": "lstm", "norm__name": "layer", "init__name": "default"},
    {
        "model": {"name": "transformer", "params": {"positions": "learnt", "dropout": 0.1}},
        "norm__name": "rms",
        "norm__placement": "after_activation",
    },
]


@pytest.mark.parametrize("changes", SPECS, ids=lambda c: c.get("init__name", "default"))
def test_a_script_run_alone_gives_the_same_losses(changes: dict[str, Any], tmp_path: Path, interpreter: Interpreter) -> None:
    spec = spec_of(STEPS, **changes)
    text = script(spec)
    assert "dynascope." not in text
    assert "trainer" not in text.replace("trained", "")
    assert len(text.splitlines()) < 280
    assert losses_of(text, tmp_path, interpreter) == run(spec).values("train/loss")


def test_an_early_stop_is_repeated(tmp_path: Path) -> None:
    early = {"monitor": "val/loss", "patience": 2, "min_delta": 0.0, "restore_best": True}
    spec = spec_of(data__label_noise=0.4, data__train_size=200, stop={"max_epochs": 60, "max_steps": None, "early": early})
    assert losses_of(script(spec), tmp_path) == run(spec).values("train/loss")


def test_live_changes_are_repeated_at_their_steps(tmp_path: Path, interpreter: Interpreter) -> None:
    spec = spec_of(60, pace=200.0)
    run_ = Steered(spec)
    events = [
        run_.ask("set", **{"penalty.l2": 0.01}),
        run_.ask("set", **{"optimizer.params.lr": 0.02, "optimizer.params.momentum": 0.5}),
        run_.ask("set", pace=5000),
    ]
    changes = [(event.step, event.data["changes"]) for event in events]
    assert losses_of(script(spec, changes), tmp_path, interpreter) == run_.end().values("train/loss")


def test_a_change_that_no_script_can_repeat_is_named() -> None:
    with pytest.raises(PlanError, match=r"norm.name: was changed at step 5"):
        script(RunSpec(), [(5, {"norm.name": "none"})])
