from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class ByHand(Claim):
    id: ClassVar[str] = "E6"
    label: ClassVar[Words] = {"en": "The four normalisations by hand", "ko": "손으로 푸는 네 가지 정규화"}
    criterion: ClassVar[Words] = {
        "en": "Each worked tensor equals torch's to 1e-5; GN(1) = LN(C, H, W) and GN(C) = IN; Y has mean 0 and biased variance σ²/(σ² + ε).",
        "ko": "풀어 본 텐서가 모두 torch와 1e-5까지 같다. GN(1) = LN(C, H, W), GN(C) = IN. Y의 평균은 0, (편향) 분산은 σ²/(σ² + ε).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "largest_difference",
            {"en": "largest difference from torch", "ko": "torch와의 가장 큰 차이"},
            above=None,
            below=1e-05,
            strict=False,
        ),
        Bound("gn1_ln", {"en": "max |GN(1) − LN(C, H, W)|", "ko": "최대 |GN(1) − LN(C, H, W)|"}, above=None, below=1e-05, strict=False),
        Bound("gnc_in", {"en": "max |GN(C) − IN|", "ko": "최대 |GN(C) − IN|"}, above=None, below=1e-05, strict=False),
        Bound("mean", {"en": "max |mean of Y|", "ko": "최대 |Y의 평균|"}, above=None, below=1e-05, strict=False),
        Bound(
            "variance", {"en": "max |var(Y) − σ²/(σ² + ε)|", "ko": "최대 |Y의 분산 − σ²/(σ² + ε)|"}, above=None, below=1e-05, strict=False
        ),
        Bound(
            "padding",
            {"en": "change of a token's LN by padding", "ko": "패딩에 따른 토큰 LN의 변화"},
            above=None,
            below=1e-05,
            strict=False,
        ),
        Bound("contrast", {"en": "max |IN(ax + b) − IN(x)|", "ko": "최대 |IN(ax + b) − IN(x)|"}, above=None, below=0.001, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {
        16: "supports",
        18: "supports",
        19: "refutes",
        20: "supports",
        22: "supports",
        24: "supports",
        26: "refutes",
        27: "refutes",
        30: "supports",
        32: "supports",
    }
    exact: ClassVar[bool] = True
    source: ClassVar[str] = "https://arxiv.org/abs/1803.08494"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "norm", "ko": "정규화"}, {"en": "difference", "ko": "차이"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)
