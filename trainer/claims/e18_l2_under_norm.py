from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from trainer.build import Experiment, build
from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits
from trainer.claims.training import trained
from trainer.plan import plan
from trainer.spec import RunSpec

FACTOR, EXAMPLES = 10.0, 256
PATH = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)


class L2UnderNorm(Claim):
    id: ClassVar[str] = "E18"
    label: ClassVar[Words] = {"en": "L2 under normalisation", "ko": "정규화 아래의 L2"}
    criterion: ClassVar[Words] = {
        "en": "Batch norm in training mode: f(10 W) = f(W) to 1e-3, and the gradient is a tenth.",
        "ko": "훈련 모드의 배치 정규화에서 f(10 W) = f(W)가 1e-3까지 맞고, 기울기는 십분의 일이다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("difference", {"en": "max |f(10 W) − f(W)|", "ko": "최대 |f(10 W) − f(W)|"}, above=None, below=0.001, strict=False),
        Bound(
            "gradient_ratio", {"en": "‖∇ at 10 W‖ / ‖∇ at W‖", "ko": "10 W와 W의 기울기 노름의 비"}, above=0.099, below=0.101, strict=False
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {67: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1706.05350"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "λ", "ko": "λ"}, {"en": "gain of weight decay", "ko": "가중치 감쇠의 이득"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        with torch.random.fork_rng(devices=[]):
            experiment = build(plan(RunSpec.model_validate(digits(seed, 1, norm={"name": "batch"}))))
        before, gradient = _seen(experiment)
        with torch.no_grad():
            for w in _hidden(experiment.model):
                w.mul_(FACTOR)
        after, smaller = _seen(experiment)
        values = {
            "difference": float((after - before).abs().max()),
            "gradient_ratio": smaller / gradient,
            "largest |f(W)|": float(before.abs().max()),
        }
        curves = []
        for norm, label in (("batch", "with batch norm"), ("none", "without")):
            line, gain = _gains(seed, norm)
            values[f"gain of weight decay, {label}"] = gain
            curves.append(Curve(label, PATH, line))
        return Found(values, curves)


def _hidden(model: nn.Module) -> list[torch.Tensor]:
    """The weights before a normalisation: all weights but those of the output layer."""
    return [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)][:-1]


def _seen(experiment: Experiment) -> tuple[torch.Tensor, float]:
    """In training mode: the outputs for a batch, and the norm of the loss's gradient with respect to the hidden weights."""
    x, y = experiment.data.train.x[:EXAMPLES], experiment.data.train.y[:EXAMPLES]
    output = experiment.model.train()(x)
    gradients = torch.autograd.grad(experiment.loss(output, y), _hidden(experiment.model))
    return output.detach(), float(torch.stack([g.norm() for g in gradients]).norm())


def _gains(seed: int, norm: str) -> tuple[list[float], float]:
    """Test accuracy with each λ minus that without L2, for 100 training examples; and the gain of the λ chosen by validation."""
    found = []
    for lam in (0.0, *PATH):
        spec = digits(
            seed,
            200,
            model={"name": "mlp", "params": {"depth": 2, "width": 64}},
            norm={"name": norm},
            penalty={"l2": lam},
            optimizer={"name": "sgd", "params": {"lr": 0.1, "momentum": 0.0}},
        )
        spec["data"] |= {"train_size": 100, "val_size": 398, "test_size": 399, "batch_size": 20}
        found.append(trained(spec))
    chosen = max(found, key=lambda newest: newest["val/accuracy"])
    none = found[0]["test/accuracy"]
    return [newest["test/accuracy"] - none for newest in found[1:]], chosen["test/accuracy"] - none
