from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


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
    axes: ClassVar[tuple[Words, Words]] = ({"en": "λ", "ko": "λ"}, {"en": "error", "ko": "오차"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, True)
