"""The experiments that compute on their own: shown on seeds that nothing was made with, and turned by breaking what they are about."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainer.claiming import english, named
from tests.trainer.running import run
from trainer import claims, registry
from trainer.claims import Found, drawing, e01_bias_and_variance, e02_double_descent, e16_ridge, training
from trainer.parts.inits import Fan, kaiming_normal, xavier_normal
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
SEEDS = (2026, 2027)
CLAIMS = claims.discover()
ALONE = ("E1", "E2", "E6", "E9", "E10", "E13", "E15", "E16", "E18")
#: How long a step takes is the machine's affair.
TIMED = "E15"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """As in the process that measures: the order of a sum depends on how many add it up."""
    torch.set_num_threads(1)


@cache
def found(id: str, seed: int) -> Found:
    return CLAIMS[id].measure(seed, {})


def passes(id: str) -> bool:
    """On a seed, now: with whatever is broken at the moment."""
    return CLAIMS[id].passes(CLAIMS[id].measure(SEEDS[0], {}))


def held(id: str, bound: str, seen: Found) -> bool:
    return next(b for b in CLAIMS[id].bounds if b.name == bound).holds(seen.values[bound])


@pytest.mark.parametrize("id", [id for id in ALONE if id != TIMED])
def test_two_fresh_seeds_pass(id: str) -> None:
    for seed in SEEDS:
        assert CLAIMS[id].passes(found(id, seed)), found(id, seed).values


@pytest.mark.parametrize("id", ALONE)
def test_every_bound_has_its_number_and_the_figure_can_be_drawn(id: str) -> None:
    claim, seen = CLAIMS[id], found(id, SEEDS[0])
    assert claim.specs(SEEDS[0]) == {}
    assert {bound.name for bound in claim.bounds} <= seen.values.keys()
    assert all(math.isfinite(value) for value in seen.values.values())
    assert seen.curves
    for curve in seen.curves:
        assert len(curve.x) == len(curve.y) > 0
        assert claim.right_axis or not curve.right, curve.name
        logs = (claim.log_axes[0], claim.right_axis.log if curve.right and claim.right_axis else claim.log_axes[1])
        for log, points in zip(logs, (curve.x, curve.y), strict=True):
            assert all(math.isfinite(v) and (v > 0 or not log) for v in points), curve.name
    assert english(named(claim, seen)) == {}


@pytest.mark.parametrize("id", ALONE)
def test_a_seed_gives_the_same_again_and_leaves_random_numbers_alone(id: str) -> None:
    first = found(id, SEEDS[0])
    torch.manual_seed(7)  # a state that no run leaves behind
    before = torch.get_rng_state(), np.random.get_state()
    again = CLAIMS[id].measure(SEEDS[0], {})
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_equal(np.random.get_state(), before[1])
    if id != TIMED:
        assert again.values == first.values
        assert [list(curve.y) for curve in again.curves] == [list(curve.y) for curve in first.curves]
        assert found(id, SEEDS[1]).values != first.values


def test_step_times_are_measured() -> None:
    values = found(TIMED, SEEDS[0]).values
    assert 0 < values["low"] <= values["ratio"] <= values["high"] < 10
    assert values["operations, L1 (sign, times, plus)"] > values["operations, L2 (times, plus)"] > 0
    assert values["operations of a step's products"] > values["operations, L1 (sign, times, plus)"]


def test_without_high_degrees_bias_and_variance_do_not_part(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = e01_bias_and_variance.design
    monkeypatch.setattr(e01_bias_and_variance, "design", lambda degree: whole(min(degree, 3)))
    assert not passes("E1")


def test_a_ratio_is_that_of_the_numbers_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e01_bias_and_variance, "decomposed", lambda fitted: (-1e-6, 2.0))  # a bias² that can't be told from none
    values = CLAIMS["E1"].measure(SEEDS[0], {}).values
    assert values["bias2_ratio"] == values["bias²(1)"] / values["bias²(9)"] == 1
    assert values["bias²(9)"] == 0.01


def test_a_ridge_has_no_peak_where_features_are_as_many_as_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    def ridge(a: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return a.T @ torch.linalg.solve(a @ a.T + 10 * torch.eye(len(a), dtype=a.dtype), y)

    monkeypatch.setattr(e02_double_descent, "minimum_norm", ridge)
    assert not passes("E2")


def test_swapped_groups_are_found_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    group = registry.part("norm", "group")
    right = type(group).build

    def swapped(channels: int, dims: int, params: Any, last: bool) -> nn.Module:
        return right(group, channels, dims, params.model_copy(update={"groups": channels // params.groups}), last)

    monkeypatch.setattr(group, "build", swapped)
    seen = CLAIMS["E6"].measure(SEEDS[0], {})
    assert not any(held("E6", bound, seen) for bound in ("largest_difference", "gn1_ln", "gnc_in"))


def other(name: str, make: Callable[[int, int], nn.Module | None]) -> Callable[..., nn.Module | None]:
    """A norm's `build` that gives something else."""
    return lambda channels, dims, params, last: make(channels, dims)


@pytest.mark.parametrize(
    ("norm", "make", "bound"),
    [
        ("layer", lambda channels, dims: nn.Identity(), "largest_difference"),
        ("instance", lambda channels, dims: getattr(nn, f"InstanceNorm{dims}d")(channels, eps=0.1), "largest_difference"),
        ("instance", lambda channels, dims: nn.Identity(), "gnc_in"),
        ("instance", lambda channels, dims: getattr(nn, f"InstanceNorm{dims}d")(channels, eps=0.1), "contrast"),
        ("layer", lambda channels, dims: nn.InstanceNorm2d(channels) if dims == 2 else nn.Identity(), "largest_difference"),
        ("batch", lambda channels, dims: nn.Identity(), "mean"),
        ("batch", lambda channels, dims: nn.GroupNorm(1, channels), "variance"),
    ],
)
def test_a_wrong_norm_is_found_by_hand(monkeypatch: pytest.MonkeyPatch, norm: str, make: Any, bound: str) -> None:
    monkeypatch.setattr(registry.part("norm", norm), "build", other(norm, make))
    if norm == "batch":  # its running statistics are set by hand
        monkeypatch.setattr("trainer.claims.e06_by_hand._evaluated", lambda source: {})
    assert not held("E6", bound, CLAIMS["E6"].measure(SEEDS[0], {}))


def test_a_layer_norm_over_all_positions_counts_the_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = registry.part("norm", "layer")
    right = type(layer).build

    def together(channels: int, dims: int, params: Any, last: bool) -> nn.Module:
        return right(layer, channels, dims, params.model_copy(update={"over": "all"}), last)

    monkeypatch.setattr(layer, "build", together)
    assert not held("E6", "padding", CLAIMS["E6"].measure(SEEDS[0], {}))


@pytest.mark.parametrize(
    ("id", "init", "gain", "bound"),
    [
        ("E9", xavier_normal, 5 / 3, "xavier_std"),
        ("E9", xavier_normal, 4.0, "sigmoid_ratio"),
        ("E10", kaiming_normal, 1.0, "he_ratio"),
        ("E10", xavier_normal, math.sqrt(2), "xavier_ratio"),
    ],
)
def test_a_wrong_gain_turns_it(monkeypatch: pytest.MonkeyPatch, id: str, init: ModuleType, gain: float, bound: str) -> None:
    monkeypatch.setattr(init, "gain_of", lambda given, fan: gain)
    assert not held(id, bound, CLAIMS[id].measure(SEEDS[0], {}))


def test_a_normal_init_that_ignores_its_deviation_neither_vanishes_nor_explodes(monkeypatch: pytest.MonkeyPatch) -> None:
    def scaled(weight: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        weight.normal_(generator=generator).mul_(fan.fan_in**-0.5)

    monkeypatch.setattr(registry.part("init", "normal"), "apply", scaled)
    seen = CLAIMS["E9"].measure(SEEDS[0], {})
    assert not any(held("E9", bound, seen) for bound in ("saturated", "small_ratio", "large_ratio"))


def test_two_draws_do_not_die_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    right = registry.part("init", "kaiming_normal").apply

    def another(weight: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        right(weight, fan, params, generator)
        weight.copy_(weight.flip(1))

    monkeypatch.setattr(registry.part("init", "kaiming_normal"), "apply", another)
    assert not held("E10", "dead_difference", CLAIMS["E10"].measure(SEEDS[0], {}))


def test_an_orthogonal_init_that_is_not_does_not_keep_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.claims.e13_orthogonal._feedforward", lambda seed, init: 0.5)  # training has no part in it
    right = registry.part("init", "orthogonal").apply

    def nearly(weight: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        right(weight, fan, params, generator)
        weight.mul_(1.001)

    monkeypatch.setattr(registry.part("init", "orthogonal"), "apply", nearly)
    assert not held("E13", "orthogonal", CLAIMS["E13"].measure(SEEDS[0], {}))


def test_a_gaussian_matrix_that_is_orthogonal_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.claims.e13_orthogonal._feedforward", lambda seed, init: 0.5)  # training has no part in it
    init, orthogonal = registry.part("init", "xavier_normal"), registry.part("init", "orthogonal")
    monkeypatch.setattr(init, "apply", lambda weight, fan, params, generator: orthogonal.apply(weight, fan, orthogonal.Params(), generator))
    seen = CLAIMS["E13"].measure(SEEDS[0], {})
    assert not any(held("E13", bound, seen) for bound in ("gaussian_misses", "gaussian_large"))


def test_a_tall_orthogonal_draw_has_orthonormal_columns_and_no_such_rows() -> None:
    values = found("E13", SEEDS[0]).values
    assert values["max |QᵀQ − I|, 128 × 64"] < 1e-6
    assert values["max |QQᵀ − I|, 128 × 64"] > 0.1


def test_an_orthogonal_init_that_is_too_small_does_not_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    right = registry.part("init", "orthogonal").apply

    def small(weight: torch.Tensor, fan: Fan, params: Any, generator: torch.Generator) -> None:
        right(weight, fan, params, generator)
        weight.mul_(0.1)

    monkeypatch.setattr(registry.part("init", "orthogonal"), "apply", small)
    assert not held("E13", "feedforward", CLAIMS["E13"].measure(SEEDS[0], {}))


def test_an_l1_that_costs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    penalty = registry.part("penalty", "subgradient")
    right = type(penalty).add_gradient

    def dear(weights: Sequence[torch.Tensor], l1: float, l2: float) -> None:
        for _ in range(20 if l1 else 1):
            right(penalty, weights, l1, l2)

    monkeypatch.setattr(penalty, "add_gradient", dear)
    assert not passes("E15")


def test_a_ridge_the_wrong_way_round_does_not_shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    right = e16_ridge.shrunk
    monkeypatch.setattr(e16_ridge, "shrunk", lambda a, y, lam: right(a, y, 1 / lam))
    assert not passes("E16")


def test_without_batch_norm_the_size_of_weights_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.claims.e18_l2_under_norm._gains", lambda seed, norm: ([], 0.0))  # training has no part in it
    monkeypatch.setattr(registry.part("norm", "batch"), "build", other("batch", lambda channels, dims: None))
    seen = CLAIMS["E18"].measure(SEEDS[0], {})
    assert not any(held("E18", bound, seen) for bound in ("difference", "gradient_ratio"))


def test_a_run_within_an_experiment_gives_the_newest_value_of_each_series() -> None:
    spec = claims.digits(SEEDS[0], 120)
    newest, record = training.trained(spec), run(RunSpec.model_validate(spec | {"probes": {"every": "never"}}))
    for name in ("val/accuracy", "val/loss", "train/loss", "gap/loss", "test/accuracy"):
        assert newest[name] == max(zip(*record.points[name], strict=True))[1], name


def test_a_weight_is_the_part_s_own_draw() -> None:
    made = drawing.weight((5, 3), "kaiming_normal", drawing.generator(1, "a"), 2.0)
    drawn = torch.randn(5, 3, generator=drawing.generator(1, "a"))
    torch.testing.assert_close(made, drawn * 2 / math.sqrt(3))
