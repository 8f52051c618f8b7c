"""Every registered part: its texts, its parameters, and that what the plan admits also trains."""

import json
import math
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server import ROOT
from tests.trainer.data_folder import PARAMS
from tests.trainer.dropped import INIT
from tests.trainer.running import run, spec_of
from trainer import registry
from trainer.plan import PlanError, plan

registry.discover()
PARTS = [(kind, name) for kind in registry.KINDS for name in registry.names(kind)]
HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_says_what_it_is_in_both_languages_and_its_defaults_are_right(kind: str, name: str) -> None:
    part = registry.part(kind, name)
    assert part.texts.label["en"].strip()
    assert part.texts.label["ko"].strip()
    assert len(part.texts.text["en"]) > 40
    assert HANGUL.search(part.texts.text["ko"])
    assert part.Params.model_validate(part.Params().model_dump()) == part.Params()
    for name_, prop in part.Params.model_json_schema().get("properties", {}).items():
        assert prop["label"]["en"], name_
        assert prop["label"]["ko"], name_


def test_the_registry_holds_every_name_of_the_contract() -> None:
    wanted = {
        "init": "default zeros constant normal uniform truncated_normal xavier_uniform xavier_normal kaiming_uniform kaiming_normal "
        "orthogonal lsuv",
        "norm": "none batch layer instance group rms",
        "activation": "identity sigmoid tanh relu leaky_relu gelu silu selu",
        "dataset": "digits breast_cancer wine diabetes moons circles spirals blobs sine sparse_linear mnist1d digits3d sequential_digits "
        "adding idx table arrays",
        "model": "linear mlp cnn1d cnn2d cnn3d rnn gru lstm transformer",
        "optimizer": "gd sgd adam adamw rmsprop adagrad",
        "penalty": "subgradient proximal decoupled",
        "schedule": "cosine linear step exponential",
    }
    for kind, names in wanted.items():
        assert set(names.split()) <= set(registry.names(kind)), kind


def fit(dataset: str, model: str, norm: str) -> bool:
    """Whether these go together, by what the parts say."""
    part, works_with = registry.part("dataset", dataset), registry.part("model", model).works_with
    has = part.shape(part.Params(**PARAMS.get(dataset, {}))).views
    layout = next((layout for layout in works_with["layouts"] if layout in has), None)
    if layout is not None and works_with.get("inputs") not in (None, math.prod(has[layout])):
        return False
    return layout is not None and layout in registry.part("norm", norm).works_with["layouts"]


def choices(kind: str, name: str, seed: int) -> dict[str, Any]:
    """A spec's choices with this part, everything else drawn from what goes with it."""
    rng = random.Random(seed)
    while True:
        drawn = {other: rng.choice(registry.names(other)) for other in registry.KINDS} | {kind: name}
        if fit(drawn["dataset"], drawn["model"], drawn["norm"]):
            break
    of_model = registry.part("model", drawn["model"]).Params.model_fields
    small = {"depth": 2, "width": 16, "dropout": rng.choice([0.0, 0.3]), "residual": rng.choice([False, True])}
    return {
        "data": {
            "name": drawn["dataset"],
            "params": PARAMS.get(drawn["dataset"], {}),
            "batch_size": "full" if drawn["optimizer"] == "gd" else 32,
        },
        "model": {"name": drawn["model"], "params": {key: value for key, value in small.items() if key in of_model}},
        "model__activation": {"name": drawn["activation"]},
        "init__name": drawn["init"],
        "norm__name": drawn["norm"],
        "penalty": {"method": drawn["penalty"], "l1": 0.0 if drawn["penalty"] == "decoupled" else 1e-4, "l2": 1e-4},
        "optimizer": {"name": drawn["optimizer"], "clip_norm": rng.choice([None, 1.0]), "params": {"lr": 1e-3}},
        "optimizer__schedule": rng.choice([None, {"name": drawn["schedule"]}]) if kind != "schedule" else {"name": name},
    }


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_trains_with_parts_of_every_other_kind(kind: str, name: str) -> None:
    admitted = 0
    for seed in range(8):
        spec = spec_of(2, **choices(kind, name, seed))
        if spec.penalty.method == "proximal" and not registry.part("optimizer", spec.optimizer.name).scalar_lr:
            with pytest.raises(PlanError, match="one learning rate holds for all weights"):
                plan(spec)
            continue
        record = run(spec)
        admitted += 1
        assert record.end is not None
        assert record.end.status == "finished", (spec, record.end)
        assert all(math.isfinite(v) for v in record.values("train/loss"))
    assert admitted >= 2


ASK = """
import json
from dynascope.sinks.memory import Memory
from trainer import loop, registry
from trainer.build import build
from trainer.control import Commands
from trainer.plan import catalog, plan
from trainer.spec import RunSpec
registry.discover()
stop = {"max_epochs": None, "max_steps": 2, "early": None}
spec = RunSpec.model_validate({"init": {"name": "half"}, "stop": stop, "probes": {"every": "never"}})
weights = {float(w) for p in build(plan(spec)).weights for w in p.unique()}
sink = Memory()
loop.run(spec, sink, Commands())
print(json.dumps([[p["name"] for p in catalog()["parts"]["init"]], sorted(weights), sink.messages()[-1].status, registry.broken()]))
"""


def test_a_file_dropped_into_the_folder_is_in_catalogue_and_runs_and_a_broken_one_is_told(tmp_path: Path) -> None:
    for package in ("trainer", "dynascope"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "trainer/parts/inits/half.py").write_text(INIT)
    (tmp_path / "trainer/parts/inits/torn.py").write_text("def")
    environment = {"PYTHONPATH": str(tmp_path)}
    asked = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    names, weights, status, broken = json.loads(asked.stdout.splitlines()[-1])
    assert "half" in names
    assert "kaiming_normal" in names
    assert weights == [0.5]
    assert status == "finished"
    assert list(broken) == ["trainer/parts/inits/torn.py"]
    assert "SyntaxError" in broken["trainer/parts/inits/torn.py"]
