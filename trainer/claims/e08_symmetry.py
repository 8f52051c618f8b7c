from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words, digits

STEPS = 200


class Symmetry(Claim):
    id: ClassVar[str] = "E8"
    label: ClassVar[Words] = {"en": "Symmetry", "ko": "대칭"}
    criterion: ClassVar[Words] = {
        "en": "max |W₁ − W₁[0]| ≤ 1e-6 max |W₁|, and the output weights keep rank 1.",
        "ko": "최대 |W₁ − W₁[0]| ≤ 1e-6 · 최대 |W₁|이고 출력 가중치의 랭크(rank)가 1로 남는다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "difference",
            {"en": "max |W₁ − W₁[0]| / max |W₁|", "ko": "최대 |W₁ − W₁[0]| / 최대 |W₁|"},
            above=None,
            below=1e-06,
            strict=False,
        ),
        Bound("rank", {"en": "rank of the output weights", "ko": "출력 가중치의 랭크"}, above=1, below=1, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {39: "refutes", 40: "refutes", 42: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/optimization.html"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "training accuracy", "ko": "훈련 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    reads: ClassVar[tuple[str, ...]] = ("train/accuracy",)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        plain = {"norm": {"name": "none"}, "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.0}}}
        wide = {"name": "mlp", "params": {"depth": 2, "width": 32}}
        constant = {"name": "constant", "params": {"value": 0.1}}
        tanh = {"name": "mlp", "params": {"depth": 1, "width": 8}, "activation": {"name": "tanh"}}
        sine = {
            "seed": seed,
            "data": {"name": "sine", "batch_size": "full"},
            "model": tanh,
            "norm": {"name": "none"},
            "optimizer": {"name": "adam", "params": {"lr": 0.01}},
            "stop": {"max_epochs": None, "max_steps": 2000, "early": None},
        }
        return {
            "all weights 0.1": digits(seed, STEPS, model=wide, init=constant, **plain),
            "He": digits(seed, STEPS, model=wide, **plain),
            "one unit of 0.1": digits(seed, STEPS, model={"name": "mlp", "params": {"depth": 1, "width": 1}}, init=constant, **plain),
            "random biases": digits(seed, STEPS, model=wide, init={"name": "constant", "params": {"value": 0.1, "bias": 0.5}}, **plain),
            "8 tanh units of 0.1 on one input": sine | {"init": constant},
            "8 tanh units, Xavier": sine | {"init": {"name": "xavier_normal"}},
        }

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        held = runs["all weights 0.1"].weights()
        first, out = held["hidden1.linear.weight"], held["out.weight"]
        values = {
            "difference": float(np.abs(first - first[0]).max() / np.abs(first).max()),
            "rank": float(np.linalg.matrix_rank(out.astype(np.float64), tol=1e-5 * np.abs(out).max())),
        }
        values |= {f"accuracy, {arm}": run.accuracy() for arm, run in runs.items() if "test/accuracy" in run.latest}
        values |= {f"test loss, {arm}": run.last("test/loss") for arm, run in runs.items() if "test/accuracy" not in run.latest}
        lines = [arm for arm, run in runs.items() if "train/accuracy" in run.series]
        return Found(values, [Curve(arm, runs[arm].series["train/accuracy"][0], runs[arm].values("train/accuracy")) for arm in lines])
