from trainer.parts.schedules import Schedule
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    every: int = described(
        500,
        label=("Every", "간격"),
        help=("Steps between two stairs.", "계단 사이의 스텝 수."),
        ge=1,
        le=10_000_000,
        strict=True,
        scale="log",
        span=(10, 10_000),
        live=True,
    )
    gamma: float = described(
        0.5, label=("γ", "γ"), help=("Factor at each stair.", "계단마다 곱하는 수."), gt=0, le=1, span=(0.05, 1), live=True
    )


@register("schedule", "step", Params)
class Steps(Schedule):
    texts = Texts(
        label={"en": "Steps", "ko": "계단"},
        text={
            "en": "The rate is multiplied by γ every so many steps. The classical staircase: the loss falls visibly at each stair as the noise of large steps goes away.",
            "ko": "정해진 스텝마다 학습률에 γ를 곱합니다. 고전적인 계단 방식으로, 계단마다 큰 스텝의 노이즈가 사라지며 손실이 눈에 띄게 떨어집니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html",
    )

    def factor(self, step: int, steps: int, params: Params) -> float:
        return params.gamma ** (step // params.every)
