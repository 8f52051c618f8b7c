from trainer.presets import Arm, Preset, merged

_BASE = {
    "pace": 60,
    "model": {"name": "mlp", "params": {"depth": 2, "width": 32}, "activation": {"name": "relu"}},
    "norm": {"name": "none"},
    "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.0}},
    "stop": {"max_epochs": None, "max_steps": 400, "early": None},
}

PRESET = Preset(
    name="all_weights_equal",
    order=5,
    label={"en": "All weights equal", "ko": "모두 같은 가중치"},
    sentence={
        "en": "Every weight begins at 0.1: all units of a layer compute the same and stay copies of one another. With random weights the same network learns.",
        "ko": "모든 가중치가 0.1에서 시작하면 한 계층의 유닛이 모두 같은 값을 계산해 서로의 복사본으로 남습니다. 무작위로 시작하면 같은 망이 배웁니다.",
    },
    arms=(
        Arm(
            {"en": "Constant 0.1", "ko": "상수 0.1"},
            merged(_BASE, name="all weights 0.1", init={"name": "constant", "params": {"value": 0.1}}),
        ),
        Arm({"en": "He", "ko": "허"}, merged(_BASE, name="He", init={"name": "kaiming_normal"})),
    ),
)
