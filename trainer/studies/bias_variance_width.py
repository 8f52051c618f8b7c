from trainer.studies import Study

STUDY = Study(
    name="bias_variance_width",
    order=4,
    label={"en": "Bias and variance by width", "ko": "너비에 따른 편향과 분산"},
    sentence={
        "en": "One hidden layer of 1 to 256 units tells two moons apart, on thirty training sets of sixty points. Bias falls until the layer is wide enough; "
        "variance goes up far more slowly than the number of weights, and in a network it need not do so at every step.",
        "ko": "은닉층 하나의 유닛을 1개에서 256개까지 바꾸며, 점 60개로 된 훈련 데이터 30벌에서 두 초승달을 나눕니다. 편향은 층이 충분히 넓어질 때까지 "
        "줄고, 분산은 가중치 수보다 훨씬 천천히 늘며 망에서는 매번 늘지도 않습니다.",
    },
    base={
        "data": {
            "name": "moons",
            "params": {"n": 1000, "noise": 0.25},
            "batch_size": "full",
            "train_size": 60,
            "val_size": 100,
            "test_size": 500,
            "split_seed": 1,
            "resample": "fresh",
        },
        "model": {"name": "mlp", "params": {"depth": 1}, "activation": {"name": "tanh"}},
        "init": {"name": "xavier_normal"},
        "norm": {"name": "none"},
        "optimizer": {"name": "adam", "params": {"lr": 0.02}},
        "stop": {"max_epochs": None, "max_steps": 150, "early": None},
    },
    axes={"model.params.width": (1, 2, 4, 8, 16, 64, 256)},
    seeds=30,
    view="decomposition",
)
