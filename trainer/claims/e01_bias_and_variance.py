from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


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
    axes: ClassVar[tuple[Words, Words]] = ({"en": "degree", "ko": "차수"}, {"en": "error", "ko": "오차"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)
