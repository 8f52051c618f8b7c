from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

SIZES, NORMS = (2, 32), ("batch", "group", "none")


class BatchSize(Claim):
    id: ClassVar[str] = "E7"
    label: ClassVar[Words] = {"en": "Batch size and normalisation", "ko": "배치 크기와 정규화"}
    criterion: ClassVar[Words] = {
        "en": "At B = 2 batch norm's error is more than 0.1 above group norm's.",
        "ko": "B = 2에서 배치 정규화의 오차가 그룹 정규화보다 0.1 넘게 크다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("gap", {"en": "error(BN) − error(GN) at B = 2", "ko": "B = 2에서 오차(BN) − 오차(GN)"}, above=0.1, below=None, strict=True),
    )
    statements: ClassVar[dict[int, Verdict]] = {28: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1803.08494"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "batch size", "ko": "배치 크기"}, {"en": "test error", "ko": "시험 오차"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        arms = {}
        for size in SIZES:
            for norm in NORMS:
                spec = digits(
                    seed,
                    2500,
                    model={"name": "mlp", "params": {"depth": 3, "width": 64}},
                    norm={"name": norm, "params": {"groups": 8} if norm == "group" else {}},
                    optimizer={"name": "sgd", "params": {"lr": 0.1 * size / 32, "momentum": 0.0}},
                )
                arms[f"{norm}, B = {size}"] = spec | {"data": spec["data"] | {"batch_size": size}}
        return arms

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        error = {arm: 1 - run.accuracy() for arm, run in runs.items()}
        values = {"gap": error["batch, B = 2"] - error["group, B = 2"]} | {f"error, {arm}": value for arm, value in error.items()}
        curves = [Curve(norm, [float(size) for size in SIZES], [error[f"{norm}, B = {size}"] for size in SIZES]) for norm in NORMS]
        return Found(values, curves)
