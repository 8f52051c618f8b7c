from typing import Any

from trainer.studies import Study

#: As in the notes' lasso experiment: its objective, ½·MSE + λ·Σ|w|, is half of MSE + 2λ·Σ|w|.
SPARSE: dict[str, Any] = {
    "data": {
        "name": "sparse_linear",
        "params": {"n": 300, "features": 200, "informative": 10},
        "batch_size": "full",
        "train_size": 100,
        "val_size": 100,
        "test_size": 100,
        "split_seed": 0,
        "resample": "fresh",
        "standardize": False,
    },
    "model": {"name": "linear"},
    "init": {"name": "zeros"},
    "loss": "mse",
    "norm": {"name": "none"},
    "optimizer": {"name": "gd", "params": {"lr": 0.05}},
    "stop": {"max_epochs": None, "max_steps": 3000, "early": None},
}

STUDY = Study(
    name="lasso_path",
    order=6,
    label={"en": "The lasso's path", "ko": "라쏘 경로"},
    sentence={
        "en": "Two hundred features, ten of them true, and L1 by a proximal step along λ. With more λ more weights are exactly zero; validation error is least "
        "in between, where the ten stay. Too little overfits, too much underfits.",
        "ko": "특징 200개 중 진짜는 10개이고, 근접 스텝으로 L1을 λ를 따라 바꿉니다. λ가 클수록 정확히 0인 가중치가 많아지고, 검증 오차는 열 개가 남는 "
        "중간에서 가장 작습니다. 너무 작으면 과대적합, 너무 크면 과소적합입니다.",
    },
    base=SPARSE | {"penalty": {"method": "proximal"}},
    axes={"penalty.l1": (0.01, 0.03, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)},
    seeds=5,
    view="path",
)
