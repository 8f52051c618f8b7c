"""Every registered part: its texts, its parameters, and that what the plan admits also trains."""

import itertools
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server import ROOT
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


def test_the_registry_holds_the_first_parts_of_the_contract() -> None:
    first = {
        "init": {"constant", "normal", "xavier_uniform", "kaiming_normal"},
        "norm": {"none", "batch", "layer"},
        "activation": {"relu", "tanh"},
        "dataset": {"digits", "moons"},
        "model": {"linear", "mlp"},
        "optimizer": {"sgd", "adam"},
        "penalty": {"subgradient"},
    }
    for kind, names in first.items():
        assert names <= set(registry.names(kind)), kind


def combinations() -> list[tuple[str, ...]]:
    return list(itertools.product(*(registry.names(kind) for kind in ("model", "norm", "init", "activation", "dataset", "optimizer"))))


def test_every_combination_that_the_plan_admits_trains_with_finite_losses() -> None:
    admitted = 0
    for model, norm, init, activation, dataset, optimizer in combinations():
        choice: dict[str, Any] = {"model__name": model, "model__activation": {"name": activation}, "norm__name": norm, "init__name": init}
        spec = spec_of(2, **choice, data__name=dataset, optimizer__name=optimizer, penalty={"l1": 1e-4, "l2": 1e-4}, probes__every="never")
        try:
            plan(spec)
        except PlanError:
            continue
        record = run(spec)
        admitted += 1
        assert record.end is not None
        assert record.end.status == "finished", (spec, record.end)
        assert all(math.isfinite(v) for v in record.values("train/loss"))
    assert admitted > 0.8 * len(combinations())


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
