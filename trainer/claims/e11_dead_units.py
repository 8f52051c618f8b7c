from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

DEAD = ("layer/hidden1/activation/dead", "layer/hidden2/activation/dead")


class DeadUnits(Claim):
    id: ClassVar[str] = "E11"
    label: ClassVar[Words] = {"en": "Dead units", "ko": "죽은 뉴런"}
    criterion: ClassVar[Words] = {
        "en": "Dead > 0.3 at lr 2 against < 0.02 at 0.05, and leaky learns (accuracy > 0.85).",
        "ko": "죽은 비율이 학습률 2에서 0.3 초과, 0.05에서 0.02 미만이고, leaky는 배운다(정확도 0.85 초과).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("dead_large", {"en": "dead at lr 2", "ko": "학습률 2의 죽은 비율"}, above=0.3, below=None, strict=True),
        Bound("dead_small", {"en": "dead at lr 0.05", "ko": "학습률 0.05의 죽은 비율"}, above=None, below=0.02, strict=True),
        Bound(
            "leaky_accuracy", {"en": "accuracy of leaky at lr 2", "ko": "학습률 2에서 leaky의 정확도"}, above=0.85, below=None, strict=True
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {52: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1903.06733"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "share of dead units", "ko": "죽은 뉴런의 비율"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    reads: ClassVar[tuple[str, ...]] = ("layer/hidden1/activation/dead", "layer/hidden2/activation/dead")

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        def arm(lr: float, activation: str) -> dict[str, Any]:
            model = {"name": "mlp", "params": {"depth": 2, "width": 128}, "activation": {"name": activation}}
            optimizer = {"name": "sgd", "params": {"lr": lr, "momentum": 0.0}, "clip_norm": 5.0}
            data = {"name": "digits", "train_size": 1000, "val_size": 398, "test_size": 399}  # dead units are counted on the validation set
            return digits(seed, 600, model=model, norm={"name": "none"}, optimizer=optimizer, data=data)

        return {"ReLU, rate 2": arm(2.0, "relu"), "ReLU, rate 0.05": arm(0.05, "relu"), "leaky ReLU, rate 2": arm(2.0, "leaky_relu")}

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        dead = {arm: sum(run.last(name) for name in DEAD) / len(DEAD) for arm, run in runs.items()}
        values = {
            "dead_large": dead["ReLU, rate 2"],
            "dead_small": dead["ReLU, rate 0.05"],
            "leaky_accuracy": runs["leaky ReLU, rate 2"].accuracy(),
        }
        values |= {f"accuracy, {arm}": run.accuracy() for arm, run in runs.items()}
        curves = []
        for arm in ("ReLU, rate 2", "ReLU, rate 0.05"):
            for i, name in enumerate(DEAD, 1):
                curves.append(Curve(f"{arm}, hidden{i}", runs[arm].series[name][0], runs[arm].values(name)))
        return Found(values, curves)
