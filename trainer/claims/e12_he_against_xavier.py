import math
from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

DEPTHS, INITS = (22, 30), {"He": "kaiming_normal", "Xavier": "xavier_normal"}


class HeAgainstXavier(Claim):
    id: ClassVar[str] = "E12"
    label: ClassVar[Words] = {"en": "He against Xavier at depth", "ko": "깊은 망에서 카이밍(허)과 제이비어"}
    criterion: ClassVar[Words] = {
        "en": "Depth 30: Xavier stays within 0.02 of ln 10 and He gets below 1.5; depth 22: both learn (below 2.2), He lower.",
        "ko": "깊이 30: 제이비어는 ln 10에서 0.02 안에 머물고 카이밍(허)은 1.5 아래로 간다. 깊이 22: 둘 다 배우고(2.2 미만) 카이밍(허)이 더 낮다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "xavier_30", {"en": "|loss(Xavier, 30) − ln 10|", "ko": "|손실(제이비어, 30) − ln 10|"}, above=None, below=0.02, strict=False
        ),
        Bound("he_30", {"en": "loss(He, 30)", "ko": "손실(카이밍(허), 30)"}, above=None, below=1.5, strict=True),
        Bound("xavier_22", {"en": "loss(Xavier, 22)", "ko": "손실(제이비어, 22)"}, above=None, below=2.2, strict=True),
        Bound(
            "difference_22",
            {"en": "loss(Xavier, 22) − loss(He, 22)", "ko": "손실(제이비어, 22) − 손실(카이밍(허), 22)"},
            above=0,
            below=None,
            strict=True,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {37: "supports", 49: "supports", 53: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.01852"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "training loss", "ko": "훈련 손실"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    reads: ClassVar[tuple[str, ...]] = ("train/loss",)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        data = digits(seed)["data"] | {"batch_size": 128}
        return {
            f"{arm}, {depth}": digits(
                seed,
                300,
                data=data,
                model={"name": "mlp", "params": {"depth": depth, "width": 64}},
                init={"name": init, "params": {"gain": 1.0} if arm == "Xavier" else {}},
                norm={"name": "none"},
                optimizer={"name": "sgd", "params": {"lr": 0.02, "momentum": 0.9}, "clip_norm": 5.0},
            )
            for depth in DEPTHS
            for arm, init in INITS.items()
        }

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        ended = {arm: run.mean_of_last("train/loss", 20) for arm, run in runs.items()}
        values = {
            "xavier_30": abs(ended["Xavier, 30"] - math.log(10)),
            "he_30": ended["He, 30"],
            "xavier_22": ended["Xavier, 22"],
            "difference_22": ended["Xavier, 22"] - ended["He, 22"],
            "training loss, He, 22": ended["He, 22"],
        }
        return Found(values, [Curve(arm, run.series["train/loss"][0], run.values("train/loss")) for arm, run in runs.items()])
