from trainer.presets import Arm, Preset

PRESET = Preset(
    name="noise_by_heart",
    order=7,
    label={"en": "Memorising, and stopping early", "ko": "암기와 조기 중단"},
    sentence={
        "en": "Three labels in ten are wrong. Accuracy peaks after a few epochs; then the network learns the wrong labels by heart. The flag marks where early stopping would have ended.",
        "ko": "레이블 열 개 중 셋이 틀렸습니다. 정확도는 몇 에폭 만에 정점에 이르고, 그 뒤에는 틀린 레이블을 외웁니다. 깃발은 조기 중단이 끝냈을 곳입니다.",
    },
    arms=(
        Arm(
            {"en": "30 % wrong labels", "ko": "틀린 레이블 30 %"},
            {
                "name": "noise by heart",
                "pace": 60,
                "data": {"name": "digits", "batch_size": 32, "train_size": 500, "val_size": 300, "test_size": 997, "label_noise": 0.3},
                "model": {"name": "mlp", "params": {"depth": 1, "width": 256}, "activation": {"name": "relu"}},
                "norm": {"name": "none"},
                "optimizer": {"name": "adamw", "params": {"lr": 1e-3, "weight_decay": 0.0}},
                "stop": {"max_epochs": 80, "max_steps": None, "early": None},
            },
        ),
    ),
)
