from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words


class EarlyStopping(Claim):
    id: ClassVar[str] = "E3"
    label: ClassVar[Words] = {"en": "Early stopping and memorisation", "ko": "조기 중단과 암기"}
    criterion: ClassVar[Words] = {
        "en": "Test accuracy at the stopped epoch minus at the last one > 0.03; corrupted labels fitted < 0.15 at the stopped epoch and > 0.85 at the end; every training example visited equally often, validation examples never.",
        "ko": "중단한 에폭의 시험 정확도가 마지막보다 0.03 넘게 높다. 바뀐 레이블을 맞힌 비율이 중단한 에폭에서 0.15 미만, 끝에서 0.85 초과. 모든 훈련 예를 똑같이 자주 보고 검증 예는 한 번도 보지 않는다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "drop",
            {"en": "test accuracy at the stop − at the end", "ko": "중단 때 − 끝의 시험 정확도"},
            above=0.03,
            below=None,
            strict=True,
        ),
        Bound(
            "fitted_at_stop",
            {"en": "corrupted labels fitted at the stop", "ko": "중단 때 맞힌 바뀐 레이블"},
            above=None,
            below=0.15,
            strict=True,
        ),
        Bound(
            "fitted_at_end",
            {"en": "corrupted labels fitted at the end", "ko": "끝에서 맞힌 바뀐 레이블"},
            above=0.85,
            below=None,
            strict=True,
        ),
        Bound(
            "visit_spread",
            {"en": "most − fewest visits of a training example", "ko": "훈련 예를 본 횟수의 최대 − 최소"},
            above=0,
            below=0,
            strict=False,
        ),
        Bound(
            "held_out_visits",
            {"en": "visits of validation and test examples", "ko": "검증·시험 예를 본 횟수"},
            above=0,
            below=0,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {1: "supports", 8: "refutes", 60: "supports", 61: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/regularization.html"
    axes: ClassVar[tuple[Words, Words]] = (
        {"en": "epoch", "ko": "에폭"},
        {"en": "validation accuracy, share of wrong labels", "ko": "검증 정확도, 틀린 레이블의 비율"},
    )
    log_axes: ClassVar[tuple[bool, bool]] = (False, False)
    reads: ClassVar[tuple[str, ...]] = ("labels/wrong_learnt", "val/accuracy")

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        base = {
            "seed": seed,
            "data": {"name": "digits", "batch_size": 32, "train_size": 500, "val_size": 300, "test_size": 997, "label_noise": 0.3},
            "model": {"name": "mlp", "params": {"depth": 1, "width": 256}},
            "init": {"name": "default"},
            "norm": {"name": "none"},
            "optimizer": {"name": "adamw", "params": {"lr": 1e-3, "weight_decay": 0.0}},
        }
        early = {"monitor": "val/accuracy", "patience": 10, "min_delta": 0.0, "restore_best": True}
        return {
            "stopped": base | {"stop": {"max_epochs": 80, "max_steps": None, "early": early}},
            "to the end": base | {"stop": {"max_epochs": 80, "max_steps": None, "early": None}},
        }

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        stopped, whole = runs["stopped"], runs["to the end"]
        best = next((float(e["data"]["best_step"]) for e in stopped.events if e["kind"] == "early_stop"), float("nan"))
        learnt = dict(zip(*whole.series["labels/wrong_learnt"], strict=True))
        visits = [run.matrices["visits"] for run in (stopped, whole)]
        values = {
            "drop": stopped.last("test/accuracy") - whole.last("test/accuracy"),
            "fitted_at_stop": learnt.get(best, float("nan")),
            "fitted_at_end": whole.last("labels/wrong_learnt"),
            "visit_spread": max(of["train"]["most"] - of["train"]["least"] for of in visits),
            "held_out_visits": max(of["val"]["total"] + of["test"]["total"] for of in visits),
            "epochs until the stop": best / 16,
            "visits of each example, stopped": visits[0]["train"]["most"],
            "visits of each example, to the end": visits[1]["train"]["most"],
        }
        lines = (("validation accuracy", "val/accuracy"), ("wrong labels learnt", "labels/wrong_learnt"))
        curves = [Curve(name, [step / 16 for step in whole.series[key][0]], whole.values(key)) for name, key in lines]
        return Found(values, curves)
