from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

#: With ten classes, each label is then equally likely: 0.9 of the labels move to another class.
RANDOM = 0.9


class RandomLabels(Claim):
    id: ClassVar[str] = "E17"
    label: ClassVar[Words] = {"en": "Memorising random labels", "ko": "무작위 레이블 외우기"}
    criterion: ClassVar[Words] = {
        "en": "Training accuracy 1, |test − 0.1| < 0.05, and more than 1.5 × the epochs.",
        "ko": "훈련 정확도 1, |시험 − 0.1| < 0.05, 에폭은 1.5배 넘게.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "train_accuracy",
            {"en": "training accuracy, random labels", "ko": "무작위 레이블의 훈련 정확도"},
            above=1,
            below=1,
            strict=False,
        ),
        Bound("test_distance", {"en": "|test accuracy − 0.1|", "ko": "|시험 정확도 − 0.1|"}, above=None, below=0.05, strict=True),
        Bound(
            "epochs_ratio",
            {"en": "epochs to learn, random / true labels", "ko": "배우는 데 든 에폭, 무작위/참 레이블"},
            above=1.5,
            below=None,
            strict=True,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {61: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1611.03530"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "epoch", "ko": "에폭"}, {"en": "training accuracy", "ko": "훈련 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    reads: ClassVar[tuple[str, ...]] = ("train/accuracy",)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        base = digits(
            seed,
            model={"name": "mlp", "params": {"depth": 1, "width": 512}},
            norm={"name": "none"},
            optimizer={"name": "adam", "params": {"lr": 1e-3}},
            stop={"max_epochs": 300, "max_steps": None, "early": None},
        )
        return {"true labels": base, "random labels": base | {"data": base["data"] | {"label_noise": RANDOM}}}

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        by_epoch = {arm: _by_epoch(run.values("train/accuracy")) for arm, run in runs.items()}
        learnt = {arm: next((i + 1.0 for i, v in enumerate(found) if v == 1), float("nan")) for arm, found in by_epoch.items()}
        values = {
            "train_accuracy": max(by_epoch["random labels"]),
            "test_distance": abs(runs["random labels"].accuracy() - 0.1),
            "epochs_ratio": learnt["random labels"] / learnt["true labels"],
            "test accuracy, true labels": runs["true labels"].accuracy(),
        }
        values |= {f"epochs, {arm}": value for arm, value in learnt.items()}
        return Found(values, [Curve(arm, [i + 1.0 for i in range(len(found))], found) for arm, found in by_epoch.items()])


def _by_epoch(accuracies: list[float]) -> list[float]:
    """For a thousand examples in batches of 64: the mean accuracy over each epoch, each batch measured before its update."""
    sizes = [64] * 15 + [40]
    epochs = [accuracies[i : i + 16] for i in range(0, len(accuracies) - 15, 16)]
    return [sum(a * n for a, n in zip(epoch, sizes, strict=True)) / 1000 for epoch in epochs]
