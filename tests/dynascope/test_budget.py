import math
from itertools import pairwise

import pytest

from dynascope.budget import AT_LEAST_A_SECOND, Budget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(
    budget: Budget, clock: Clock, steps: int, step_time: float, cost: float, first: int = 0, hidden: float = 0.0, after: float = 0.0
) -> list[int]:
    """The steps that are measured in a loop whose bare step takes `step_time`.

    `hidden` is cost that the instrument does not see, `after` what a measured step makes the next one take longer.
    """
    measured: list[int] = []
    for step in range(first, first + steps):
        due = budget.due(step)
        clock.now += step_time + (after if measured and measured[-1] == step - 1 else 0.0)
        if due:
            measured.append(step)
            clock.now += cost
            budget.spent(cost)
            clock.now += hidden
    return measured


@pytest.mark.parametrize(("step_time", "cost"), [(0.003, 0.001), (0.001, 0.0005), (0.01, 0.0001), (0.02, 0.0019)])
def test_measuring_keeps_to_its_share(step_time: float, cost: float) -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    measured = run(budget, clock, 5000, step_time, cost)
    assert measured[0] == 0
    assert budget.overhead <= 0.0205
    wanted = math.ceil(cost / (0.02 * step_time))
    assert {b - a for a, b in pairwise(measured[3:])} == {wanted}


def test_what_measuring_slows_down_without_seeing_it_counts_as_cost() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    measured = run(budget, clock, 5000, step_time=0.003, cost=0.001, hidden=0.00045)
    assert measured[-1] - measured[-2] == 25
    assert len(measured) * 0.00145 / (clock.now - 100) <= 0.0205
    assert budget.overhead == pytest.approx(len(measured) * 0.00145 / (clock.now - 100), rel=0.02)


def test_what_the_next_step_takes_longer_counts_as_cost() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    measured = run(budget, clock, 5000, step_time=0.003, cost=0.001, after=0.00045)
    assert measured[-1] - measured[-2] == 25
    assert budget.overhead == pytest.approx(len(measured) * 0.00145 / (clock.now - 100), rel=0.02)


def test_a_validation_after_a_measured_step_is_no_cost() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    run(budget, clock, 500, step_time=0.003, cost=0.001)
    run(budget, clock, 50, step_time=0.003, cost=0.001, hidden=1.0)
    assert budget.overhead < 0.02


def test_two_steps_a_second_are_measured_whatever_they_cost() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    run(budget, clock, 300, step_time=0.1, cost=0.1)
    start = clock.now
    measured = run(budget, clock, 300, step_time=0.1, cost=0.1, first=300)
    assert len(measured) / (clock.now - start) >= AT_LEAST_A_SECOND
    assert len(measured) < 150


def test_a_budget_of_nothing_still_shows_two_steps_a_second() -> None:
    clock = Clock()
    measured = run(Budget(share=0, clock=clock), clock, 1000, step_time=0.01, cost=0.001)
    assert 19 <= len(measured) <= 25


def test_a_paced_run_can_afford_every_step() -> None:
    clock = Clock()
    assert run(Budget(share=0.02, clock=clock), clock, 50, step_time=0.1, cost=0.001) == list(range(50))


def test_a_first_step_that_pays_for_warming_up_does_not_spoil_the_estimate() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    run(budget, clock, 1, step_time=1.5, cost=2.0)
    measured = run(budget, clock, 1000, step_time=0.003, cost=0.00058, first=1)
    assert measured[-1] - measured[-2] == 10
    assert len(measured) > 95


def test_a_long_pause_does_not_make_measuring_cheap() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    run(budget, clock, 500, step_time=0.003, cost=0.0006)
    clock.now += 3600
    measured = run(budget, clock, 500, step_time=0.003, cost=0.0006, first=500)
    assert len(measured) <= 52


def test_it_follows_a_change_of_pace() -> None:
    clock = Clock()
    budget = Budget(share=0.02, clock=clock)
    run(budget, clock, 60, step_time=0.1, cost=0.001)
    run(budget, clock, 100, step_time=0.001, cost=0.001, first=60)
    measured = run(budget, clock, 1000, step_time=0.001, cost=0.001, first=160)
    assert len(measured) <= 21


def test_a_resumed_run_is_measured_at_its_first_step() -> None:
    clock = Clock()
    assert run(Budget(clock=clock), clock, 10, 0.001, 0.1, first=777)[0] == 777


def test_every_n_is_exact_and_never_is_none() -> None:
    clock = Clock()
    assert run(Budget(every=4, clock=clock), clock, 13, 0.001, 1.0) == [0, 4, 8, 12]
    assert run(Budget(every=4, clock=clock), clock, 6, 0.001, 1.0, first=5) == [8]
    never = Budget(every="never", clock=clock)
    assert run(never, clock, 10, 0.001, 1.0) == []
    assert never.overhead == 0


def test_the_overhead_is_cost_over_wall_time() -> None:
    clock = Clock()
    budget = Budget(every=1, clock=clock)
    assert math.isnan(budget.overhead)
    run(budget, clock, 10, step_time=0.003, cost=0.001)
    assert budget.overhead == pytest.approx(0.25)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "always", None])
def test_what_every_cannot_be_is_refused(every: object) -> None:
    with pytest.raises(ValueError, match="every: got"):
        Budget(every=every)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_outside_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="budget: got"):
        Budget(share=share)
