from trainer.studies import Study

STUDY = Study(
    name="depth_norm",
    order=2,
    label={"en": "Depth × normalisation", "ko": "깊이 × 정규화"},
    sentence={
        "en": "The same network 1 to 12 layers deep, with and without a normalisation. Without one, twelve layers of tanh stay near chance; batch and layer "
        "normalisation keep them learning.",
        "ko": "같은 망을 1층에서 12층까지, 정규화가 있을 때와 없을 때 견줍니다. 정규화가 없는 12층 망은 찍는 것과 비슷한 수준에 머물고, 배치 정규화와 계층 정규화는 "
        "학습이 이어지게 합니다.",
    },
    base={
        "data": {"name": "digits", "train_size": 900},
        "model": {"name": "mlp", "params": {"width": 64}, "activation": {"name": "tanh"}},
        "init": {"name": "default"},
        "optimizer": {"name": "sgd", "params": {"lr": 0.05, "momentum": 0.9}},
        "stop": {"max_epochs": 10, "early": None},
    },
    axes={"model.params.depth": (1, 2, 4, 8, 12), "norm.name": ("none", "batch", "layer")},
    seeds=5,
    view="grid",
    shown="test/accuracy",
)
