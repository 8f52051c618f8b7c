"""Chooses the steps to measure, so that measuring stays within its share of training time."""

import math
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

#: Minimum number of measured steps per second, whatever the budget is: a live page must keep updating.
AT_LEAST_A_SECOND = 2

Every = int | Literal["auto", "never"]


class Budget:
    """Decides by running medians of the cost of a measured step and of the wall time of a step (including a set pace).

    `share` is (bare − watched) / bare in steps per second, which is cost / wall time. `every`: "auto" keeps to `share`;
    n measures steps 0, n, 2n, ...; "never" measures none. "auto" also measures the first step, even of a resumed run.
    """

    def __init__(self, every: Every = "auto", share: float = 0.02, clock: Callable[[], float] = time.perf_counter) -> None:
        if every not in ("auto", "never") and not (isinstance(every, int) and not isinstance(every, bool) and every >= 1):
            raise ValueError(f'every: got {every!r}; allowed are "auto", "never" and integers from 1')
        if not 0 <= share <= 1:
            raise ValueError(f"budget: got {share!r}; allowed is a share of training time from 0 to 1")
        self.every, self.share = every, share
        self._clock = clock
        self._costs: deque[float] = deque(maxlen=9)
        self._step_times: deque[float] = deque(maxlen=31)
        self._interval = 1.0  # steps from one measured step to the next
        self._since = 0
        self._first: float | None = None
        self._began = self._measured_at = 0.0
        self._spent = 0.0
        self._just_measured = False
        self._own: float | None = None  # measuring time in the current step; None if it is not measured

    def due(self, step: int) -> bool:
        """Whether to measure the step that begins now. Call this once at the beginning of every step."""
        now = self._clock()
        is_first = self._first is None
        if is_first:
            self._first = now
        else:
            self._close_step(now - self._began)
        self._began = now
        self._since += 1
        due = self._decide(step, is_first, now)
        if due:
            self._measured_at, self._since = now, 0
        return due

    def spent(self, seconds: float) -> None:
        """Record the measuring time of this step, as the instrument timed it, after measuring is done."""
        self._own = seconds

    def _close_step(self, wall: float) -> None:
        if self._own is None:
            if self._just_measured:
                self._add_aftermath(wall)
            self._step_times.append(wall)
            return
        cost = self._true_cost(wall, self._own)
        self._own, self._just_measured = None, True
        self._spent += cost
        self._costs.append(cost)
        self._step_times.append(max(wall - cost, 0.0))
        self._interval = self._steps_apart()

    def _add_aftermath(self, wall: float) -> None:
        """The step after a measured one starts with cold caches: its extra time (at most half the cost) is added to the cost."""
        longer = min(max(wall - statistics.median(self._step_times), 0.0), self._costs[-1] / 2)
        self._spent += longer
        self._costs[-1] += longer
        self._interval = self._steps_apart()
        self._just_measured = False

    def _true_cost(self, wall: float, own: float) -> float:
        """Hooks slow modules down and measuring leaves cold caches: the true cost is how much longer the step took.

        It is at least the time that the instrument measured, and at most three times that: the rest was a pause or a validation.
        """
        longer = wall - statistics.median(self._step_times) if self._step_times else own
        return min(max(longer, own), 3 * own)

    def _decide(self, step: int, is_first: bool, now: float) -> bool:
        if self.every == "auto":
            return is_first or step == 0 or self._is_time(now)
        return self.every != "never" and step % self.every == 0

    def _is_time(self, now: float) -> bool:
        one_more_step = now - self._measured_at + self._step_times[-1]
        return self._since >= self._interval or one_more_step > 1 / AT_LEAST_A_SECOND

    def _steps_apart(self) -> float:
        cost = statistics.median_low(self._costs)  # the first measured step is slower because of cold caches
        affordable = self.share * statistics.median(self._step_times)
        return math.ceil(cost / affordable) if affordable > 0 else math.inf

    @property
    def overhead(self) -> float:
        """The share of wall time that measuring has taken so far; NaN before any time has passed."""
        wall = self._clock() - self._first if self._first is not None else 0.0
        return (self._spent + (self._own or 0.0)) / wall if wall > 0 else math.nan
