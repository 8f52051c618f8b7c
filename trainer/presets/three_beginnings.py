from trainer.presets import Arm, Preset, merged

_BASE = {
    "pace": 60,
    "model": {"name": "mlp", "params": {"depth": 10, "width": 64}, "activation": {"name": "tanh"}},
    "norm": {"name": "none"},
    "optimizer": {"name": "sgd", "params": {"lr": 0.05, "momentum": 0.0}},
    "stop": {"max_epochs": None, "max_steps": 600, "early": None},
}

PRESET = Preset(
    name="three_beginnings",
    order=2,
    label={"en": "Three ways to begin", "ko": "초기화 세 갈래"},
    sentence={
        "en": "Ten tanh layers, three initialisations: too small and the signal dies out, too large and it saturates, Xavier and it learns.",
        "ko": "tanh 계층 열 개, 초기화 셋: 너무 작으면 신호가 사라지고 너무 크면 포화되며, 제이비어면 배웁니다.",
    },
    arms=(
        Arm(
            {"en": "Xavier", "ko": "제이비어"},
            merged(_BASE, name="Xavier, gain 1", init={"name": "xavier_normal", "params": {"gain": 1.0}}),
        ),
        Arm({"en": "σ = 0.01", "ko": "σ = 0.01"}, merged(_BASE, name="σ = 0.01", init={"name": "normal", "params": {"std": 0.01}})),
        Arm({"en": "σ = 1", "ko": "σ = 1"}, merged(_BASE, name="σ = 1", init={"name": "normal", "params": {"std": 1.0}})),
    ),
    look="hidden5",
)
