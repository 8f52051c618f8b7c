from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class Symmetry(Claim):
    id: ClassVar[str] = "E8"
    label: ClassVar[Words] = {"en": "Symmetry", "ko": "대칭"}
    criterion: ClassVar[Words] = {
        "en": "max |W₁ − W₁[0]| ≤ 1e-6 max |W₁|, and the output weights keep rank 1.",
        "ko": "최대 |W₁ − W₁[0]| ≤ 1e-6 · 최대 |W₁|이고 출력 가중치의 계수가 1로 남는다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "difference",
            {"en": "max |W₁ − W₁[0]| / max |W₁|", "ko": "최대 |W₁ − W₁[0]| / 최대 |W₁|"},
            above=None,
            below=1e-06,
            strict=False,
        ),
        Bound("rank", {"en": "rank of the output weights", "ko": "출력 가중치의 계수"}, above=1, below=1, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {39: "refutes", 40: "refutes", 42: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/optimization.html"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "step", "ko": "스텝"}, {"en": "training accuracy", "ko": "훈련 정확도"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
