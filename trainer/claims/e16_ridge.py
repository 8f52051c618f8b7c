from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from scipy.stats import spearmanr

from trainer.claims import Axis, Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.polynomials import decomposed, design, observed, resolved

DEGREE = 9
PATH = np.logspace(-4, 3, 15)


class Ridge(Claim):
    id: ClassVar[str] = "E16"
    label: ClassVar[Words] = {"en": "Ridge", "ko": "릿지"}
    criterion: ClassVar[Words] = {
        "en": "E1 at degree 9 along λ: ‖w‖ and variance fall; bias² rises at the far end.",
        "ko": "E1의 차수 9에서 λ를 따라 ‖w‖와 분산이 줄고, 끝에서 편향²이 커진다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("norm_falls", {"en": "Spearman(λ, ‖w‖)", "ko": "스피어만(λ, ‖w‖)"}, above=None, below=-0.9, strict=True),
        Bound("variance_falls", {"en": "Spearman(λ, variance)", "ko": "스피어만(λ, 분산)"}, above=None, below=-0.9, strict=True),
        Bound(
            "bias_rises",
            {"en": "bias²(largest λ)/bias²(smallest λ)", "ko": "편향²(가장 큰 λ)/편향²(가장 작은 λ)"},
            above=1,
            below=None,
            strict=True,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {63: "supports", 76: "supports", 77: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://doi.org/10.1080/00401706.1970.10488634"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "λ", "ko": "λ"}, {"en": "bias², variance", "ko": "편향², 분산"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, True)
    right_axis: ClassVar[Axis | None] = Axis({"en": "‖w‖", "ko": "‖w‖"}, log=True)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        a, y = design(DEGREE), observed(seed)
        coefficients = [shrunk(a, y, float(lam)) for lam in PATH]
        norms = [float(np.linalg.norm(w, axis=1).mean()) for w in coefficients]
        found = [decomposed(w @ a.T) for w in coefficients]
        biases, variances = [resolved(*pair) for pair in found], [variance for _, variance in found]
        errors = [bias2 + variance for bias2, variance in found]
        values = {
            "norm_falls": float(spearmanr(PATH, norms).statistic),
            "variance_falls": float(spearmanr(PATH, variances).statistic),
            "bias_rises": found[-1][0] / biases[0],
            "best λ": float(PATH[int(np.argmin(errors))]),
        }
        lines = {"bias²": biases, "variance": variances}
        curves = [Curve(name, PATH.tolist(), line) for name, line in lines.items()]
        return Found(values, [*curves, Curve("‖w‖", PATH.tolist(), norms, right=True)])


def shrunk(a: np.ndarray, y: np.ndarray, lam: float) -> np.ndarray:
    """The w that minimises ‖y − A w‖² + λ ‖w‖², for every y: [noises, coefficients]."""
    return np.linalg.solve(a.T @ a + lam * np.eye(a.shape[1]), a.T @ y.T).T
