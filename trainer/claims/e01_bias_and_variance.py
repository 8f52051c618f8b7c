from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.polynomials import decomposed, design, observed, resolved

DEGREES = (1, 3, 5, 9)


class BiasAndVariance(Claim):
    id: ClassVar[str] = "E1"
    label: ClassVar[Words] = {"en": "Bias and variance", "ko": "편향과 분산"}
    criterion: ClassVar[Words] = {
        "en": "bias²(1)/bias²(9) > 10 and var(9)/var(1) > 3.",
        "ko": "편향²(1)/편향²(9) > 10 이고 분산(9)/분산(1) > 3.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("bias2_ratio", {"en": "bias²(1)/bias²(9)", "ko": "편향²(1)/편향²(9)"}, above=10, below=None, strict=True),
        Bound("variance_ratio", {"en": "var(9)/var(1)", "ko": "분산(9)/분산(1)"}, above=3, below=None, strict=True),
    )
    statements: ClassVar[dict[int, Verdict]] = {1: "supports", 2: "supports", 3: "supports", 4: "supports", 5: "refutes", 7: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://doi.org/10.1162/neco.1992.4.1.1"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "degree", "ko": "차수"}, {"en": "bias², variance", "ko": "편향², 분산"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        y = observed(seed)
        found = {degree: decomposed(y @ _hat(design(degree))) for degree in DEGREES}
        bias2, variance = ({degree: held[i] for degree, held in found.items()} for i in (0, 1))
        shown = {degree: resolved(bias2[degree], variance[degree]) for degree in DEGREES}
        values = {
            "bias2_ratio": shown[1] / shown[9],
            "variance_ratio": variance[9] / variance[1],
            "bias²(1)": shown[1],
            "bias²(9)": shown[9],
            "var(1)": variance[1],
            "var(9)": variance[9],
        }
        return Found(values, [Curve("bias²", DEGREES, list(shown.values())), Curve("variance", DEGREES, list(variance.values()))])


def _hat(a: np.ndarray) -> np.ndarray:
    """The matrix that maps y to its least-squares fit, [points, points]."""
    return a @ np.linalg.pinv(a)
