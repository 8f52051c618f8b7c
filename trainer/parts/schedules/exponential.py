from trainer.parts.schedules import Schedule
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    half_life: int = described(
        1000,
        label=("Half-life", "반감기"),
        help=("Steps until the rate is halved.", "학습률이 절반이 되는 스텝 수."),
        ge=1,
        le=10_000_000,
        strict=True,
        scale="log",
        span=(10, 10_000),
        live=True,
    )


@register("schedule", "exponential", Params)
class Exponential(Schedule):
    texts = Texts(
        label={"en": "Exponential", "ko": "지수"},
        text={
            "en": "The rate halves every so many steps, smoothly. It never reaches zero, and needs no word on how long the run is.",
            "ko": "정해진 스텝마다 학습률이 매끄럽게 절반이 됩니다. 0에는 닿지 않으며 훈련 길이를 몰라도 됩니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html",
    )

    def factor(self, step: int, steps: int, params: Params) -> float:
        return float(0.5 ** (step / params.half_life))
