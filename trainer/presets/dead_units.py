from trainer.presets import Arm, Preset, merged

_BASE = {
    "pace": 60,
    "model": {"name": "mlp", "params": {"depth": 2, "width": 128}, "activation": {"name": "relu"}},
    "norm": {"name": "none"},
    "optimizer": {"name": "sgd", "params": {"lr": 2.0, "momentum": 0.0}, "clip_norm": 5.0},
    "stop": {"max_epochs": None, "max_steps": 600, "early": None},
}

PRESET = Preset(
    name="dead_units",
    order=6,
    label={"en": "Dead units", "ko": "죽은 뉴런"},
    sentence={
        "en": "A learning rate of 2 throws ReLU units to where they are zero for every example, and no gradient brings them back. Leaky units survive the same steps.",
        "ko": "학습률 2는 ReLU 유닛을 모든 예에서 0인 곳으로 던지고, 어떤 기울기도 되돌리지 못합니다. Leaky ReLU는 같은 스텝에서도 살아남습니다.",
    },
    arms=(
        Arm({"en": "ReLU", "ko": "ReLU"}, merged(_BASE, name="ReLU at rate 2")),
        Arm({"en": "Leaky ReLU", "ko": "Leaky ReLU"}, merged(_BASE, name="leaky ReLU at rate 2", model__activation={"name": "leaky_relu"})),
    ),
)
