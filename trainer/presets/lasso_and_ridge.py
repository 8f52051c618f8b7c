from trainer.presets import Arm, Preset, merged

_BASE = {
    "pace": 300,
    "data": {
        "name": "sparse_linear",
        "params": {"n": 300, "features": 200, "informative": 10},
        "batch_size": "full",
        "train_size": 100,
        "val_size": 100,
        "test_size": 100,
        "standardize": False,
    },
    "model": {"name": "linear"},
    "init": {"name": "zeros"},
    "loss": "mse",
    "norm": {"name": "none"},
    # The lasso's objective is ½·MSE + 0.1·Σ|w|; MSE + 0.2·Σ|w| is twice that, so the learning rate is halved.
    "optimizer": {"name": "gd", "params": {"lr": 0.05}},
    "stop": {"max_epochs": None, "max_steps": 3000, "early": None},
}

PRESET = Preset(
    name="lasso_and_ridge",
    order=8,
    label={"en": "Lasso and ridge", "ko": "라쏘와 릿지"},
    sentence={
        "en": "Two hundred features, ten of them true. A proximal L1 step sets most weights to exactly zero and keeps the ten; L2 makes all of them small and none of them zero.",
        "ko": "특징 이백 개 중 진짜는 열 개입니다. 근접 L1 스텝은 가중치 대부분을 정확히 0으로 두고 열 개를 남깁니다. L2는 모두 작게 할 뿐 0으로 만들지 않습니다.",
    },
    arms=(
        Arm({"en": "L1, proximal", "ko": "L1, 근접"}, merged(_BASE, name="lasso", penalty={"l1": 0.2, "method": "proximal"})),
        Arm({"en": "L2", "ko": "L2"}, merged(_BASE, name="ridge", penalty={"l2": 0.2})),
    ),
)
