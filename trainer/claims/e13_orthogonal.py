from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class Orthogonal(Claim):
    id: ClassVar[str] = "E13"
    label: ClassVar[Words] = {"en": "Orthogonal", "ko": "직교"}
    criterion: ClassVar[Words] = {
        "en": "Linear, orthogonal: |log10 ‖∂h₀‖/‖∂h_T‖| ≤ 4e-4; Gaussian of gain 1 misses by more than 1 in most draws, of gain 1.1 beyond 4. Feed-forward, tanh 10 × 64: orthogonal learns as well as Xavier (accuracy ≥ Xavier's − 0.03).",
        "ko": "선형, 직교: |log10 ‖∂h₀‖/‖∂h_T‖| ≤ 4e-4. 게인 1의 정규분포는 대부분의 뽑기에서 1 넘게, 게인 1.1은 4 넘게 벗어난다. 순방향 tanh 10 × 64: 직교가 제이비어만큼 배운다(정확도 ≥ 제이비어 − 0.03).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "orthogonal", {"en": "|log10 ratio|, linear orthogonal", "ko": "|log10 비|, 선형 직교"}, above=None, below=0.0004, strict=False
        ),
        Bound(
            "gaussian_misses",
            {"en": "share of Gaussian draws beyond 1", "ko": "1 넘게 벗어난 정규분포 뽑기의 비율"},
            above=0.5,
            below=None,
            strict=True,
        ),
        Bound(
            "gaussian_large",
            {"en": "|log10 ratio|, Gaussian of gain 1.1", "ko": "|log10 비|, 게인 1.1의 정규분포"},
            above=4,
            below=None,
            strict=True,
        ),
        Bound(
            "feedforward",
            {"en": "accuracy(orthogonal) − accuracy(Xavier)", "ko": "정확도(직교) − 정확도(제이비어)"},
            above=-0.03,
            below=None,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {54: "refutes", 56: "refutes", 58: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1312.6120"
    axes: ClassVar[tuple[Words, Words]] = (
        {"en": "step back in time", "ko": "시간을 거슬러 간 스텝"},
        {"en": "log10 of the gradient", "ko": "기울기의 log10"},
    )
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
