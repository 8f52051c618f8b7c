from typing import ClassVar

from trainer.claims import Bound, Claim, Verdict, Words


class BatchSize(Claim):
    id: ClassVar[str] = "E7"
    label: ClassVar[Words] = {"en": "Batch size and normalisation", "ko": "배치 크기와 정규화"}
    criterion: ClassVar[Words] = {
        "en": "At B = 2 batch norm's error is more than 0.1 above group norm's.",
        "ko": "B = 2에서 배치 정규화의 오차가 그룹 정규화보다 0.1 넘게 크다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("gap", {"en": "error(BN) − error(GN) at B = 2", "ko": "B = 2에서 오차(BN) − 오차(GN)"}, above=0.1, below=None, strict=True),
    )
    statements: ClassVar[dict[int, Verdict]] = {28: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1803.08494"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "batch size", "ko": "배치 크기"}, {"en": "test error", "ko": "시험 오차"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)
