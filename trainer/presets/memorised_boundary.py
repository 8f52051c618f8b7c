from trainer.presets import Arm, Preset

PRESET = Preset(
    name="memorised_boundary",
    order=1,
    label={"en": "A boundary by heart, smoothed by L2", "ko": "외우는 경계, L2로 펴기"},
    sentence={
        "en": "A large network learns a hundred noisy points by heart: its boundary wraps around single points. Raise L2 to 0.01 and watch it smooth.",
        "ko": "큰 망이 노이즈 섞인 점 백 개를 외웁니다. 경계가 점 하나하나를 감쌉니다. L2를 0.01로 올려 경계가 펴지는 것을 보세요.",
    },
    arms=(
        Arm(
            {"en": "Moons, 3 × 64", "ko": "초승달, 3 × 64"},
            {
                "name": "A boundary by heart",
                "pace": 60,
                "data": {
                    "name": "moons",
                    "params": {"n": 1100, "noise": 0.3},
                    "batch_size": 32,
                    "train_size": 100,
                    "val_size": 500,
                    "test_size": 500,
                    "label_noise": 0.1,
                },
                "model": {"name": "mlp", "params": {"depth": 3, "width": 64}, "activation": {"name": "relu"}},
                "norm": {"name": "none"},
                "optimizer": {"name": "adam", "params": {"lr": 5e-3}},
                "stop": {"max_epochs": None, "max_steps": 20_000, "early": None},
            },
        ),
    ),
    suggestion={"penalty.l2": 0.01},
)
