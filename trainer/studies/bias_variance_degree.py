from trainer.studies import Study

STUDY = Study(
    name="bias_variance_degree",
    order=3,
    label={"en": "Bias and variance by degree", "ko": "차수에 따른 편향과 분산"},
    sentence={
        "en": "Polynomials of degree 1 to 12, each fitted to thirty training sets of thirty noisy points of a sine. A straight line is wrong in the same "
        "way every time: bias. A high degree is right on average and wrong each time: variance.",
        "ko": "1차에서 12차까지의 다항식을, 노이즈 섞인 사인 곡선의 점 30개로 된 훈련 데이터 30벌에 각각 맞춥니다. 직선은 매번 같은 방식으로 틀리고(편향), "
        "높은 차수는 평균으로는 맞지만 매번 다르게 틀립니다(분산).",
    },
    base={
        "data": {
            "name": "sine",
            "params": {"n": 160, "noise": 0.3, "equispaced": True},
            "batch_size": "full",
            "train_size": 30,
            "val_size": 40,
            "test_size": 90,
            # In this split the training points reach both ends, so that no degree has to extrapolate.
            "split_seed": 183,
            "resample": "fresh",
            "standardize": False,
        },
        "model": {"name": "polynomial"},
        "init": {"name": "zeros"},
        "norm": {"name": "none"},
        # The loss is quadratic with curvatures of 1.2 to 13 at degree 12: this number of steps reaches the least-squares solution.
        "optimizer": {"name": "sgd", "params": {"lr": 0.1, "momentum": 0.5}},
        "stop": {"max_epochs": None, "max_steps": 150, "early": None},
    },
    axes={"model.params.degree": (1, 2, 3, 5, 7, 9, 12)},
    seeds=30,
    view="decomposition",
)
