"""Optimizers: each is one of torch's, with `settings(params)`, the values for each of its parameter groups.

Every setting can change during a run: `trainer.loop` writes `settings` of the changed params into the groups.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import torch

from trainer.registry import Part
from trainer.spec import described


class Optimizer(Part):
    #: Whether one learning rate holds for all coordinates; a proximal step is correct only then.
    scalar_lr: ClassVar[bool] = True
    of_torch: ClassVar[type[torch.optim.Optimizer]]
    #: The fastest of torch's implementations on a CPU: fused takes a third of the time of a loop over parameters.
    implementation: ClassVar[str] = "fused"

    def settings(self, params: Any) -> dict[str, Any]:
        raise NotImplementedError

    def arguments(self, params: Any) -> dict[str, Any]:
        """The arguments of torch's class besides the parameters."""
        return {self.implementation: True} | self.settings(params)

    def ready(self, optimizer: torch.optim.Optimizer) -> None:
        """Called after the settings have changed: create any memory that they need and torch creates only at the first step."""

    def build(self, params: Any, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        make: Any = self.of_torch
        return make(parameters, **self.arguments(params))


def step_of(optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
    """`optimizer.step` without the profiler's range that torch puts around it: 20 to 30 µs, half of a small network's update.

    The optimizer's step hooks are called inside that range, so they are skipped too; a run registers none.
    """
    step: Any = type(optimizer).step
    return partial(step.__wrapped__ if getattr(step, "hooked", False) else step, optimizer)


def lr_field(default: float):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Learning rate", "학습률"),
        help=("The length of a step.", "한 스텝의 크기."),
        live=True,
        scale="log",
        span=(1e-5, 10),
        gt=0,
        le=1e30,
    )


def beta_field(default: float, name: str, en: str, ko: str):  # type: ignore[no-untyped-def]
    return described(default, label=(name, name), help=(en, ko), live=True, ge=0, lt=1)


def eps_field(default: float):  # type: ignore[no-untyped-def]
    return described(
        default, label=("ε", "ε"), help=("Added to the denominator.", "분모에 더한다."), live=True, gt=0, le=1, scale="log", span=(1e-12, 1)
    )


def momentum_field(default: float):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Momentum", "모멘텀"),
        help=("Share of the last step that goes on.", "지난 스텝이 이어지는 비율."),
        live=True,
        ge=0,
        lt=1,
        span=(0, 0.99),
    )


def decay_field(default: float = 0.0):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Weight decay (in the gradient)", "가중치 감쇠(기울기 안에서)"),
        help=(
            "The optimizer's own: λ·w joins the gradient of every parameter, biases and norms too.",
            "옵티마이저 자체의 감쇠. 모든 매개변수의 기울기에 λ·w를 더한다.",
        ),
        live=True,
        ge=0,
        le=10,
        scale="log",
        span=(1e-6, 1),
    )
