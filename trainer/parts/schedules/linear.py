from trainer.parts.schedules import Schedule, warmup_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    warmup: int = warmup_field()
    floor: float = described(
        0.0, label=("Floor", "바닥"), help=("Share of the rate at the end.", "마지막 학습률의 비율."), ge=0, le=1, live=True, span=(0, 1)
    )


@register("schedule", "linear", Params)
class Linear(Schedule):
    texts = Texts(
        label={"en": "Linear", "ko": "선형"},
        text={
            "en": "After a warm-up the rate falls on a straight line towards its floor, which the step after the last one would have. Simple, and hard to beat where the length of the run is known.",
            "ko": "예열 뒤 학습률이 바닥을 향해 직선으로 내려갑니다. 마지막 다음 스텝이 바닥입니다. 단순하며, 훈련 길이를 알 때 이기기 어렵습니다.",
        },
        source="https://arxiv.org/abs/2310.07831",
    )

    def factor(self, step: int, steps: int, params: Params) -> float:
        if step < params.warmup:
            return (step + 1) / (params.warmup + 1)
        share = min(1.0, (step - params.warmup) / max(1, steps - params.warmup))
        return 1 - (1 - params.floor) * share
