from trainer.presets import Arm, Preset, merged

_BASE = {
    "pace": 300,
    "data": {"name": "digits", "batch_size": 2},
    "model": {"name": "mlp", "params": {"depth": 3, "width": 64}, "activation": {"name": "relu"}},
    "init": {"name": "kaiming_normal"},
    "optimizer": {"name": "sgd", "params": {"lr": 0.00625, "momentum": 0.0}},
    "stop": {"max_epochs": None, "max_steps": 2500, "early": None},
}

PRESET = Preset(
    name="batches_of_two",
    order=4,
    label={"en": "Batches of two", "ko": "배치 크기 2"},
    sentence={
        "en": "With two examples a batch, batch normalisation works from statistics of two numbers and fails; group normalisation and none do not mind.",
        "ko": "배치에 예가 둘뿐이면 배치 정규화는 숫자 두 개의 통계로 맞추느라 실패합니다. 그룹 정규화와 정규화 없음은 괜찮습니다.",
    },
    arms=(
        Arm({"en": "Batch", "ko": "배치"}, merged(_BASE, name="batch norm, batches of 2", norm={"name": "batch"})),
        Arm(
            {"en": "Group (8)", "ko": "그룹 (8)"},
            merged(_BASE, name="group norm, batches of 2", norm={"name": "group", "params": {"groups": 8}}),
        ),
        Arm({"en": "None", "ko": "없음"}, merged(_BASE, name="no norm, batches of 2", norm={"name": "none"})),
    ),
)
