"""Experiments made of runs: shown on a fresh seed, and turned by breaking what they are about."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.trainer.claiming import english, named, rehearsed
from trainer import checkpoint, registry
from trainer.claims import Claim, Found, Ran, discover
from trainer.claims.e04_covariate_shift import drift
from trainer.claims.names import said
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
    assert english(named(claim, seen)) == {}


def test_arms_are_said_in_korean_and_a_phrase_is_no_part_of_a_word() -> None:
    assert english(arm for id in MADE_OF_RUNS for arm in CLAIMS[id].specs(0)) == {}
    assert said("batch norm, then noise", "ko") == "배치 정규화 뒤 노이즈"
    assert said("batch norm, then noise", "en") == "batch norm, then noise"
    assert said("batches, largest_difference", "ko") == "batches, largest_difference"
    assert english(["Hebb, none"]) == {"Hebb, none": "Hebb, 정규화 없음"}


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


def test_the_drift_is_that_of_the_run_and_leaves_it_alone(tmp_path: Path) -> None:
    spec = CLAIMS["E4"].specs(SEED)["batch norm, then noise"]
    torch.manual_seed(5)
    first, again = drift(RunSpec.model_validate(spec)), drift(RunSpec.model_validate(spec))
    assert first == again
    assert len(first.drift) == 60


@pytest.mark.parametrize("seed", [7001, 7002, 7003])
def test_the_accuracy_of_four_is_measured_in_train_mode_and_has_its_outcome_on_other_seeds(seed: int, tmp_path: Path) -> None:
    claim = CLAIMS["E4"]
    seen = rehearsed(claim, seed, tmp_path)
    assert claim.passes(seen), seen.values
    noisy, plain = "batch norm, then noise", "none"
    accuracy = {(mode, arm): seen.values[f"accuracy in {mode} mode, {arm}"] for mode in ("train", "eval") for arm in (noisy, plain)}
    assert seen.values["accuracy_gap"] == accuracy["train", noisy] - accuracy["train", plain]
    assert accuracy["train", plain] == pytest.approx(accuracy["eval", plain], abs=1e-6)  # it is the run of the queue, to its last step
    assert accuracy["train", noisy] != accuracy["eval", noisy]


@pytest.mark.parametrize(("key", "of"), [("visit_spread", "train"), ("held_out_visits", "val")])
@pytest.mark.parametrize("arm", ["stopped", "to the end"])
def test_visits_are_checked_in_both_runs_of_three(arm: str, key: str, of: str) -> None:
    visits = {"train": {"most": 9, "least": 9}, "val": {"total": 0}, "test": {"total": 0}}
    wrong = visits | {of: {"most": 10, "least": 9} if of == "train" else {"total": 1}}
    runs = {name: stopping(wrong if name == arm else visits, 0.5) for name in ("stopped", "to the end")}
    assert CLAIMS["E3"].measure(SEED, runs).values[key] == 1


def test_no_wrong_label_learnt_at_the_stop_is_a_zero() -> None:
    visits = {"train": {"most": 9, "least": 9}, "val": {"total": 0}, "test": {"total": 0}}
    runs = {name: stopping(visits, 0.0) for name in ("stopped", "to the end")}
    assert CLAIMS["E3"].measure(SEED, runs).values["fitted_at_stop"] == 0


def stopping(visits: dict[str, Any], learnt: float) -> Ran:
    series = {"labels/wrong_learnt": ([16.0, 32.0], [learnt, 1.0]), "val/accuracy": ([16.0, 32.0], [0.9, 0.8])}
    events = [{"kind": "early_stop", "step": 32.0, "data": {"best_step": 16}}]
    return Ran("one", "finished", {"test/accuracy": 0.9}, series, events, None, {"visits": visits})


@pytest.mark.parametrize(("largest", "holds"), [(0.3, True), (0.1, False)])
def test_three_times_the_rate_is_enough(largest: float, holds: bool) -> None:
    reached = {"batch": largest, "none": 0.1}
    arms = {arm: arm.split(", ") for arm in CLAIMS["E5"].specs(SEED)}
    runs = {arm: Ran(arm, "finished", {"test/accuracy": float(float(rate) <= reached[norm])}, {}, []) for arm, (norm, rate) in arms.items()}
    claim = CLAIMS["E5"]
    assert claim.passes(claim.measure(SEED, runs)) is holds
