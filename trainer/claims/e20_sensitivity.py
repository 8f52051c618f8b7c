from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

DEVIATIONS, REACHED = (0.01, 0.03, 0.1, 0.3, 1.0), 0.85


class Sensitivity(Claim):
    id: ClassVar[str] = "E20"
    label: ClassVar[Words] = {"en": "Sensitivity to initialisation", "ko": "초기화에 대한 민감함"}
    criterion: ClassVar[Words] = {
        "en": "Without batch norm at least two of the five σ fail to reach 0.85; with it all five reach it.",
        "ko": "배치 정규화가 없으면 다섯 σ 가운데 적어도 둘이 0.85에 이르지 못하고, 있으면 다섯 모두 이른다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("failing_without", {"en": "σ that fail without", "ko": "없을 때 실패한 σ의 수"}, above=2, below=None, strict=False),
        Bound("reaching_with", {"en": "σ that reach 0.85 with", "ko": "있을 때 0.85에 이른 σ의 수"}, above=5, below=5, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {14: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.03167"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "σ", "ko": "σ"}, {"en": "test accuracy", "ko": "시험 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        return {
            f"{norm}, σ = {std:g}": digits(
                seed,
                800,
                model={"name": "mlp", "params": {"depth": 5, "width": 64}},
                init={"name": "normal", "params": {"std": std}},
                norm={"name": norm},
                optimizer={"name": "sgd", "params": {"lr": 0.1, "momentum": 0.0}},
            )
            for norm in ("none", "batch")
            for std in DEVIATIONS
        }

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        accuracy = {norm: [runs[f"{norm}, σ = {std:g}"].accuracy() for std in DEVIATIONS] for norm in ("none", "batch")}
        values = {
            "failing_without": float(sum(value < REACHED for value in accuracy["none"])),
            "reaching_with": float(sum(value >= REACHED for value in accuracy["batch"])),
        }
        return Found(values, [Curve(norm, list(DEVIATIONS), found) for norm, found in accuracy.items()])
