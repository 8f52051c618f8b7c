from trainer.studies import Study

STUDY = Study(
    name="bias_variance_ridge",
    order=5,
    label={"en": "Bias and variance by λ", "ko": "λ에 따른 편향과 분산"},
    sentence={
        "en": "One polynomial of degree 9 on training sets of fifteen points, with L2 from next to nothing to too much. λ takes variance away and gives bias "
        "for it; the error is least in between.",
        "ko": "점 15개로 된 훈련 데이터들에 9차 다항식을 맞추면서 L2를 거의 없는 값부터 지나친 값까지 바꿉니다. λ는 분산을 줄이는 대신 편향을 "
        "늘리고, 오차는 그 사이에서 가장 작습니다.",
    },
    base={
        "data": {
            "name": "sine",
            "params": {"n": 160, "noise": 0.3, "equispaced": True},
            "batch_size": "full",
            "train_size": 15,
            "val_size": 55,
            "test_size": 90,
            "split_seed": 252,
            "resample": "fresh",
            "standardize": False,
        },
        "model": {"name": "polynomial", "params": {"degree": 9}},
        "init": {"name": "zeros"},
        "norm": {"name": "none"},
        # Curvatures are 0.1 to 19, plus 2λ: with this momentum, this number of steps reaches the minimum.
        "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.8}},
        "stop": {"max_epochs": None, "max_steps": 300, "early": None},
    },
    axes={"penalty.l2": (0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0)},
    seeds=20,
    view="decomposition",
)
