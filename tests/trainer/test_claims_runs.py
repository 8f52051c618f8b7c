"""Experiments made of runs: shown on a fresh seed, and turned by breaking what they are about."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.trainer.claiming import rehearsed
from trainer import checkpoint, registry
from trainer.claims import Claim, Found, discover
from trainer.claims.e04_covariate_shift import drift
from trainer.parts.inits import kaiming_normal
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
CLAIMS = discover()
SEED = 4242
MADE_OF_RUNS = [id for id, claim in CLAIMS.items() if claim.specs(0)]


def found(id: str, folder: Path) -> tuple[Claim, Found]:
    return CLAIMS[id], rehearsed(CLAIMS[id], SEED, folder)


def broken_bounds(id: str, folder: Path) -> set[str]:
    claim, seen = found(id, folder)
    return {bound.name for bound in claim.bounds if not bound.holds(seen.values[bound.name])}


def test_the_contracts_experiments_are_made_of_runs_that_can_be_run() -> None:
    assert MADE_OF_RUNS == ["E3", "E4", "E5", "E7", "E8", "E11", "E12", "E14", "E17", "E19", "E20"]
    for id in MADE_OF_RUNS:
        for spec in CLAIMS[id].specs(1).values():
            RunSpec.model_validate(spec)


@pytest.mark.parametrize("id", ["E3", "E4", "E5", "E8", "E11", "E12", "E20"])
def test_a_fresh_seed_passes_and_gives_what_the_figure_draws(id: str, tmp_path: Path) -> None:
    claim, seen = found(id, tmp_path)
    assert claim.passes(seen), seen.values
    assert seen.curves
    assert all(len(curve.x) == len(curve.y) > 1 for curve in seen.curves)


def test_he_with_a_gain_of_one_does_not_learn_at_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kaiming_normal, "gain_of", lambda given, fan: 1.0)
    assert "he_30" in broken_bounds("E12", tmp_path)


def test_visits_counted_wrongly_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = checkpoint.Progress.next_epoch

    def forgetful(self: Any, *args: Any) -> Any:
        done = count(self, *args)
        self.visits[0] += 1
        return done

    monkeypatch.setattr(checkpoint.Progress, "next_epoch", forgetful)
    assert broken_bounds("E3", tmp_path) == {"visit_spread"}


def test_batch_norm_left_in_train_mode_at_evaluation_is_found_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CLAIMS["E6"].passes(CLAIMS["E6"].measure(SEED, {}))
    monkeypatch.setattr(nn.modules.batchnorm._BatchNorm, "train", lambda self, mode=True: nn.Module.train(self, True))
    assert not CLAIMS["E6"].passes(CLAIMS["E6"].measure(SEED, {}))


def test_a_proximal_step_that_is_skipped_gives_no_zeros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(registry.part("penalty", "proximal")), "shrink", lambda *args: None)
    assert {"zeros_proximal", "spearman"} <= broken_bounds("E14", tmp_path)


def test_the_drift_is_that_of_the_run_and_leaves_it_alone() -> None:

    spec = RunSpec.model_validate(CLAIMS["E4"].specs(SEED)["batch norm, then noise"])
    torch.manual_seed(5)
    assert drift(spec) == drift(spec)
    assert len(drift(spec)) == 60
