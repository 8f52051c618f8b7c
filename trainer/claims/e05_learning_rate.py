from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

RATES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
REACHED = 0.85


class LearningRate(Claim):
    id: ClassVar[str] = "E5"
    label: ClassVar[Words] = {"en": "Batch norm and the learning rate", "ko": "배치 정규화와 학습률"}
    criterion: ClassVar[Words] = {
        "en": "The largest learning rate at which batch norm reaches 0.85 is at least 3 × that without.",
        "ko": "정확도 0.85에 이르는 가장 큰 학습률이 배치 정규화에서 없을 때의 3배 이상.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("ratio", {"en": "largest rate with / without", "ko": "가장 큰 학습률의 비(있음/없음)"}, above=3, below=None, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {13: "supports", 15: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.03167"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "learning rate", "ko": "학습률"}, {"en": "test accuracy", "ko": "시험 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        model = {"name": "mlp", "params": {"depth": 5, "width": 64}}
        return {
            f"{norm}, {rate:g}": digits(
                seed, 300, model=model, norm={"name": norm}, optimizer={"name": "sgd", "params": {"lr": rate, "momentum": 0.0}}
            )
            for norm in ("batch", "none")
            for rate in RATES
        }

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        accuracy = {norm: [runs[f"{norm}, {rate:g}"].accuracy() for rate in RATES] for norm in ("batch", "none")}
        largest = {
            norm: max((rate for rate, value in zip(RATES, found, strict=True) if value >= REACHED), default=float("nan"))
            for norm, found in accuracy.items()
        }
        ratio = round(largest["batch"] / largest["none"], 9)  # 0.3 / 0.1 is a little less than 3
        values = {"ratio": ratio, "largest, batch": largest["batch"], "largest, none": largest["none"]}
        return Found(values, [Curve(norm, list(RATES), found) for norm, found in accuracy.items()])
