"""Learning rate schedules: `factor(step, steps, params)` is the number by which the rate is multiplied at a step."""

from typing import Any

from trainer.registry import Part
from trainer.spec import described


class Schedule(Part):
    def factor(self, step: int, steps: int, params: Any) -> float:
        """`steps`: the maximum number of steps of the run."""
        raise NotImplementedError


def warmup_field():  # type: ignore[no-untyped-def]
    return described(
        0,
        label=("Warm-up", "예열"),
        help=("Steps in which the rate grows from near zero.", "학습률이 0 가까이에서 커지는 스텝 수."),
        ge=0,
        le=1_000_000,
        strict=True,
        live=True,
    )
