from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class HeAndRelu(Claim):
    id: ClassVar[str] = "E10"
    label: ClassVar[Words] = {"en": "He and ReLU", "ko": "허 초기화와 ReLU"}
    criterion: ClassVar[Words] = {
        "en": "Depth 50, width 256 or more, He: E[a²] at the last layer within [0.1, 10] of the first. Xavier, depth 22: within 10 × of 2⁻²¹. Dead fraction of the same draw, zero biases: He − Xavier = 0.",
        "ko": "깊이 50, 너비 256 이상, 허: 마지막 층의 E[a²]가 첫 층의 [0.1, 10]배. 제이비어, 깊이 22: 2⁻²¹의 10배 안. 같은 뽑기, 편향 값 0에서 죽은 비율: 허 − 제이비어 = 0.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "he_ratio",
            {"en": "E[a²] last / first, He, depth 50", "ko": "E[a²] 마지막/처음, 허, 깊이 50"},
            above=0.1,
            below=10,
            strict=False,
        ),
        Bound(
            "xavier_ratio",
            {"en": "E[a²] ratio over 2⁻²¹, Xavier, depth 22", "ko": "E[a²] 비 ÷ 2⁻²¹, 제이비어, 깊이 22"},
            above=0.1,
            below=10,
            strict=False,
        ),
        Bound("dead_difference", {"en": "dead fraction, He − Xavier", "ko": "죽은 비율, 허 − 제이비어"}, above=0, below=0, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {49: "supports", 51: "refutes", 53: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.01852"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "layer", "ko": "층"}, {"en": "E[a²]", "ko": "E[a²]"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)
