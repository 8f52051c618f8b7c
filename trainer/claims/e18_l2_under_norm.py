from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class L2UnderNorm(Claim):
    id: ClassVar[str] = "E18"
    label: ClassVar[Words] = {"en": "L2 under normalisation", "ko": "정규화 아래의 L2"}
    criterion: ClassVar[Words] = {
        "en": "Batch norm in training mode: f(10 W) = f(W) to 1e-3, and the gradient is a tenth.",
        "ko": "훈련 모드의 배치 정규화에서 f(10 W) = f(W)가 1e-3까지 맞고, 기울기는 십분의 일이다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("difference", {"en": "max |f(10 W) − f(W)|", "ko": "최대 |f(10 W) − f(W)|"}, above=None, below=0.001, strict=False),
        Bound(
            "gradient_ratio", {"en": "‖∇ at 10 W‖ / ‖∇ at W‖", "ko": "10 W와 W의 기울기 노름의 비"}, above=0.099, below=0.101, strict=False
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {67: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1706.05350"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "λ", "ko": "λ"}, {"en": "gain of weight decay", "ko": "가중치 감쇠의 이득"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)
