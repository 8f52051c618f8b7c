from trainer.studies import Study

STUDY = Study(
    name="init_norm",
    order=1,
    label={"en": "Initialisation × normalisation", "ko": "초기화 × 정규화"},
    sentence={
        "en": "Six initialisations and five normalisations of a deep network, five seeds each. Without a normalisation the initialisation decides "
        "whether it learns at all; with one most of them do, and equal weights never.",
        "ko": "깊은 망에서 초기화 여섯 가지와 정규화 다섯 가지를 시드 다섯 개씩 견줍니다. 정규화가 없으면 학습이 되는지를 초기화가 정하고, 정규화가 있으면 "
        "대부분 학습되지만 가중치가 모두 0이면 끝내 학습되지 않습니다.",
    },
    base={
        "data": {"name": "digits", "train_size": 900},
        "model": {"name": "mlp", "params": {"depth": 8, "width": 64}},
        "optimizer": {"name": "sgd", "params": {"lr": 0.05, "momentum": 0.9}},
        "stop": {"max_epochs": 10, "early": None},
    },
    axes={
        "init.name": ("zeros", "normal", "uniform", "xavier_normal", "kaiming_normal", "orthogonal"),
        "norm.name": ("none", "batch", "layer", "group", "rms"),
    },
    seeds=5,
    view="grid",
    shown="test/accuracy",
)
