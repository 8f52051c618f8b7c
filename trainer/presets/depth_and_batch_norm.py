from trainer.presets import Arm, Preset, merged

_BASE = {
    "pace": 60,
    "model": {"name": "mlp", "params": {"depth": 10, "width": 64}, "activation": {"name": "relu"}},
    "init": {"name": "default"},
    "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.0}},
    "stop": {"max_epochs": None, "max_steps": 400, "early": None},
}

PRESET = Preset(
    name="depth_and_batch_norm",
    order=3,
    label={"en": "A deep network and batch normalisation", "ko": "깊은 망과 배치 정규화"},
    sentence={
        "en": "Ten ReLU layers with PyTorch’s own initialisation: without normalisation nothing is learnt, with batch normalisation the same network learns at once.",
        "ko": "PyTorch 기본 초기화의 ReLU 계층 열 개: 정규화가 없으면 아무것도 배우지 못하고, 배치 정규화를 넣으면 같은 망이 바로 배웁니다.",
    },
    arms=(
        Arm({"en": "Batch normalisation", "ko": "배치 정규화"}, merged(_BASE, name="with batch norm", norm={"name": "batch"})),
        Arm({"en": "None", "ko": "없음"}, merged(_BASE, name="without", norm={"name": "none"})),
    ),
    look="hidden5",
)
