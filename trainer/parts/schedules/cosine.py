import math

from trainer.parts.schedules import Schedule, warmup_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    warmup: int = warmup_field()
    floor: float = described(
        0.0, label=("Floor", "바닥"), help=("Share of the rate at the end.", "마지막 학습률의 비율."), ge=0, le=1, live=True, span=(0, 1)
    )


@register("schedule", "cosine", Params)
class Cosine(Schedule):
    texts = Texts(
        label={"en": "Cosine", "ko": "코사인"},
        text={
            "en": "After a warm-up the rate falls along half a cosine towards its floor, which the step after the last one would have: long near the top, gentle at the end. Needs to know how long the run is.",
            "ko": "예열 뒤 학습률이 코사인 반 주기를 따라 바닥을 향해 내려갑니다. 마지막 다음 스텝이 바닥입니다. 위에서 오래 머물고 끝에서 완만합니다. 훈련 길이를 미리 알아야 합니다.",
        },
        source="https://arxiv.org/abs/1608.03983",
    )

    def factor(self, step: int, steps: int, params: Params) -> float:
        if step < params.warmup:
            return (step + 1) / (params.warmup + 1)
        share = min(1.0, (step - params.warmup) / max(1, steps - params.warmup))
        return params.floor + (1 - params.floor) * (1 + math.cos(math.pi * share)) / 2
