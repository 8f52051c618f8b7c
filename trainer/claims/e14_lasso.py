from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


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
