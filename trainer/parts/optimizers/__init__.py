"""What moves the weights: `build(params, parameters) -> torch.optim.Optimizer`."""

from trainer.spec import described


def lr_field(default: float):  # type: ignore[no-untyped-def]
    return described(
        default,
        label=("Learning rate", "학습률"),
        help=("The length of a step.", "한 스텝의 크기."),
        live=True,
        scale="log",
        span=(1e-5, 10),
        gt=0,
        le=1e30,
    )


def decay_field():  # type: ignore[no-untyped-def]
    return described(
        0.0,
        label=("Weight decay (in the gradient)", "가중치 감쇠(기울기 안에서)"),
        help=(
            "The optimizer's own: λ·w joins the gradient of every parameter, biases and norms too.",
            "옵티마이저 자체의 감쇠. 모든 매개변수의 기울기에 λ·w를 더한다.",
        ),
        ge=0,
        le=10,
    )
