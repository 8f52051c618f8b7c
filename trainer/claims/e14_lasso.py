from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.stats import spearmanr

from trainer import registry
from trainer.build import derived
from trainer.claims import Axis, Bound, Claim, Curve, Found, Ran, Verdict, Words

DATA = {"n": 300, "features": 200, "informative": 10}
PATH = (0.01, 0.03, 0.1, 0.3, 1.0)


class Lasso(Claim):
    id: ClassVar[str] = "E14"
    label: ClassVar[Words] = {"en": "Lasso", "ko": "라쏘"}
    criterion: ClassVar[Words] = {
        "en": "Exact zeros proximal ≥ 160, subgradient 0, L2 0, and the true support kept. Along λ: Spearman(λ, non-zeros) < −0.9, and the test error is smallest inside the range.",
        "ko": "정확한 0이 근접 방법 ≥ 160, 열미분 0, L2 0이고 참 특징은 남는다. λ를 따라: 스피어만(λ, 0이 아닌 수) < −0.9이고 시험 오차는 범위 안에서 가장 작다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("zeros_proximal", {"en": "exact zeros, proximal", "ko": "정확한 0, 근접"}, above=160, below=None, strict=False),
        Bound("zeros_subgradient", {"en": "exact zeros, subgradient", "ko": "정확한 0, 열미분"}, above=0, below=0, strict=False),
        Bound("zeros_l2", {"en": "exact zeros, L2", "ko": "정확한 0, L2"}, above=0, below=0, strict=False),
        Bound("support_kept", {"en": "true features kept, of 10", "ko": "남은 참 특징(10개 중)"}, above=10, below=10, strict=False),
        Bound("spearman", {"en": "Spearman(λ, non-zeros)", "ko": "스피어만(λ, 0이 아닌 수)"}, above=None, below=-0.9, strict=True),
        Bound(
            "inside",
            {"en": "smallest test error inside the range (1: yes)", "ko": "시험 오차의 최소가 범위 안(1: 예)"},
            above=1,
            below=1,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {64: "supports", 69: "supports", 70: "supports", 71: "supports", 72: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "λ", "ko": "λ"}, {"en": "non-zero weights", "ko": "0이 아닌 가중치"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)
    right_axis: ClassVar[Axis | None] = Axis({"en": "test error", "ko": "시험 오차"}, log=True)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        """½·MSE + λ·Σ|w| is half of MSE + 2λ·Σ|w|, so the run has twice the penalty and half the learning rate."""
        base = {
            "seed": seed,
            "data": {
                "name": "sparse_linear",
                "params": DATA,
                "batch_size": "full",
                "train_size": 100,
                "val_size": 100,
                "test_size": 100,
                "standardize": False,
            },
            "model": {"name": "linear"},
            "init": {"name": "zeros"},
            "loss": "mse",
            "norm": {"name": "none"},
            "optimizer": {"name": "gd", "params": {"lr": 0.05}},
            "stop": {"max_epochs": None, "max_steps": 3000, "early": None},
        }
        arms = {f"proximal, λ = {lam:g}": base | {"penalty": {"l1": 2 * lam, "method": "proximal"}} for lam in PATH}
        arms["subgradient, λ = 0.1"] = base | {"penalty": {"l1": 0.2, "method": "subgradient"}}
        arms["L2, λ = 0.1"] = base | {"penalty": {"l2": 0.2}}
        return arms

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        weights = {arm: run.weights()["out.weight"].ravel() for arm, run in runs.items()}
        zeros = {arm: float((w == 0).sum()) for arm, w in weights.items()}
        part = registry.part("dataset", "sparse_linear")
        true = part.true_weights(part.Params(**DATA), derived(seed, "data")) != 0
        path = [f"proximal, λ = {lam:g}" for lam in PATH]
        left, error = [200 - zeros[arm] for arm in path], [runs[arm].last("test/loss") for arm in path]
        values = {
            "zeros_proximal": zeros["proximal, λ = 0.1"],
            "zeros_subgradient": zeros["subgradient, λ = 0.1"],
            "zeros_l2": zeros["L2, λ = 0.1"],
            "support_kept": float((weights["proximal, λ = 0.1"][true] != 0).sum()),
            "spearman": float(spearmanr(PATH, left).statistic) if len(set(left)) > 1 else 0.0,
            "inside": float(0 < int(np.argmin(error)) < len(PATH) - 1),
            "best λ on test": PATH[int(np.argmin(error))],
        }
        return Found(values, [Curve("weights that are not zero", list(PATH), left), Curve("test error", list(PATH), error, right=True)])
