from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn

from trainer.build import build
from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits
from trainer.plan import plan
from trainer.spec import RunSpec

STEPS, EVERY = 300, 5


class CovariateShift(Claim):
    id: ClassVar[str] = "E4"
    label: ClassVar[Words] = {"en": "Batch norm and covariate shift", "ko": "배치 정규화와 공변량 변화"}
    criterion: ClassVar[Words] = {
        "en": "drift(noisy) > 2 × drift(none), and yet accuracy(noisy) ≥ accuracy(none) − 0.03, in train mode on restored buffers.",
        "ko": "분포 이동(노이즈) > 2 × 분포 이동(없음)인데도 정확도(노이즈) ≥ 정확도(없음) − 0.03. 훈련 모드에서, 버퍼는 되돌려 놓고 잰다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "drift_ratio", {"en": "drift(noisy)/drift(none)", "ko": "분포 이동(노이즈)/분포 이동(없음)"}, above=2, below=None, strict=True
        ),
        Bound(
            "accuracy_gap",
            {"en": "accuracy(noisy) − accuracy(none)", "ko": "정확도(노이즈) − 정확도(없음)"},
            above=-0.03,
            below=None,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {9: "refutes", 11: "supports", 12: "refutes", 13: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1805.11604"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "drift", "ko": "분포 이동"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    reads: ClassVar[tuple[str, ...]] = ("gap/loss",)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        arms = {"none": "none", "batch norm": "batch", "batch norm, then noise": "batch_noise"}
        return {arm: digits(seed, STEPS, **_settings(norm)) for arm, norm in arms.items()}

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        found = {arm: drift(RunSpec.model_validate(spec)) for arm, spec in self.specs(seed).items()}
        mean = {arm: sum(seen.drift) / len(seen.drift) for arm, seen in found.items()}
        noisy, plain = "batch norm, then noise", "none"
        values = {
            "drift_ratio": mean[noisy] / mean[plain],
            "accuracy_gap": found[noisy].accuracy - found[plain].accuracy,
        }
        values |= {f"drift, {arm}": value for arm, value in mean.items()}
        values |= {f"accuracy in train mode, {arm}": seen.accuracy for arm, seen in found.items()}
        values |= {f"accuracy in train mode, batches of 32, {arm}": seen.in_batches for arm, seen in found.items()}
        values |= {f"accuracy in eval mode, {arm}": run.last("test/accuracy") for arm, run in runs.items()}
        values |= {f"loss gap, {arm}": run.last("gap/loss") for arm, run in runs.items()}
        steps = [float(EVERY * (i + 1)) for i in range(STEPS // EVERY)]
        return Found(values, [Curve(arm, steps, seen.drift) for arm, seen in found.items()])


def _settings(norm: str) -> dict[str, Any]:
    return {
        "model": {"name": "mlp", "params": {"depth": 8, "width": 64}},
        "norm": {"name": norm},
        "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.0}},
    }


class Drift(NamedTuple):
    """Drift every few steps; final accuracy in train mode, with the test set in one pass and in batches of the training size."""

    drift: list[float]
    accuracy: float
    in_batches: float


def drift(spec: RunSpec) -> Drift:
    """mean over layers and units of |μ_t − μ_{t−k}| / σ_{t−k} on a fixed batch, k = EVERY, during training (Santurkar et al. 2018).

    Measured in train mode; buffers and RNG are restored, so the run is the same to the last bit as a run of the queue.
    """
    experiment = build(plan(spec))
    model, data, optimizer, batch = experiment.model, experiment.data, experiment.optimizer, experiment.plan.batch
    probe, found = data.train.x[:256], []
    before = _distributions(model, probe)
    for step in range(STEPS):
        at = step % experiment.plan.steps_per_epoch
        if at == 0:
            order = torch.randperm(len(data.train.y), generator=experiment.order)
        chosen = order[at * batch : (at + 1) * batch]
        experiment.loss(model(data.train.x[chosen]), data.train.y[chosen]).backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % EVERY == 0:
            now = _distributions(model, probe)
            moved = [float(((m - n).abs() / s.clamp_min(1e-6)).mean()) for (m, _), (n, s) in zip(now, before, strict=True)]
            found.append(sum(moved) / len(moved))
            before = now
    return Drift(found, *(_accuracy(model, data.test.x, data.test.y, size) for size in (len(data.test.y), batch)))


@contextmanager
def _put_back(model: nn.Module) -> Iterator[None]:
    """Forward passes inside this context do not change buffers or the RNG."""
    kept, rng = {name: value.clone() for name, value in model.named_buffers()}, torch.get_rng_state()
    with torch.no_grad():
        yield
        for name, value in model.named_buffers():
            value.copy_(kept[name])
    torch.set_rng_state(rng)


def _accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor, batch: int) -> float:
    """Accuracy in train mode, in batches of this size: each batch has its own statistics and noise."""
    with _put_back(model):
        right = [(model(some).argmax(1) == labels).sum() for some, labels in zip(x.split(batch), y.split(batch), strict=True)]
    return int(torch.stack(right).sum()) / len(y)


def _distributions(model: nn.Module, x: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Mean and deviation, by unit, of each hidden layer's input to the activation."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    acts = [m for name, m in model.named_modules() if name.endswith(".act")]
    handles = [m.register_forward_pre_hook(lambda m, args: seen.append((args[0].mean(0), args[0].std(0)))) for m in acts]
    with _put_back(model):
        model(x)
    for handle in handles:
        handle.remove()
    return seen
