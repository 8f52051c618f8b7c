from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words

LAMBDAS, EXAMPLES, WIDTHS, NOISES = (0.0, 1e-3, 1e-2), (100, 1000), (16, 256), (0.0, 0.2)


class WhenL2Helps(Claim):
    id: ClassVar[str] = "E19"
    label: ClassVar[Words] = {"en": "When L2 helps", "ko": "L2가 도움이 될 때"}
    criterion: ClassVar[Words] = {
        "en": "With λ chosen on validation, the gain of L2 on test is larger at n = 100 than at n = 1000 for the wide network with label noise.",
        "ko": "검증으로 λ를 고르면, 넓은 망과 레이블 노이즈에서 L2의 시험 이득이 n = 1000보다 n = 100에서 크다.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "difference", {"en": "gain(n = 100) − gain(n = 1000)", "ko": "이득(n = 100) − 이득(n = 1000)"}, above=0, below=None, strict=True
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {65: "supports", 66: "supports"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://www.deeplearningbook.org/contents/regularization.html"
    axes: ClassVar[tuple[Words, Words]] = (
        {"en": "training examples", "ko": "훈련 예의 수"},
        {"en": "gain in test accuracy", "ko": "시험 정확도의 이득"},
    )
    log_axes: ClassVar[tuple[bool, bool]] = (True, False)

    def specs(self, seed: int) -> dict[str, dict[str, Any]]:
        arms = {}
        for n in EXAMPLES:
            for width in WIDTHS:
                for noise in NOISES:
                    for lam in LAMBDAS:
                        arms[_name(n, width, noise, lam)] = {
                            "seed": seed,
                            "data": {"name": "digits", "train_size": n, "val_size": 300, "test_size": 497, "label_noise": noise},
                            "model": {"name": "mlp", "params": {"depth": 2, "width": width}},
                            "norm": {"name": "none"},
                            "penalty": {"l2": lam},
                            "optimizer": {"name": "sgd", "params": {"lr": 0.05, "momentum": 0.9}},
                            "stop": {"max_epochs": None, "max_steps": 300, "early": None},
                        }
        return arms

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        values: dict[str, float] = {}
        curves: list[Curve] = []
        for width in WIDTHS:
            for noise in NOISES:
                gains = [self._gain(runs, n, width, noise) for n in EXAMPLES]
                curves.append(Curve(f"width {width}, noise {noise:g}", [float(n) for n in EXAMPLES], gains))
                values |= {f"gain of L2, n = {n}, width {width}, noise {noise:g}": gain for n, gain in zip(EXAMPLES, gains, strict=True)}
        wide = curves[-1].y
        return Found({"difference": wide[0] - wide[1]} | values, curves)

    def _gain(self, runs: Mapping[str, Ran], n: int, width: int, noise: float) -> float:
        found = [runs[_name(n, width, noise, lam)] for lam in LAMBDAS]
        chosen = max(found, key=lambda run: run.last("val/accuracy"))
        return chosen.accuracy() - found[0].accuracy()


def _name(n: int, width: int, noise: float, lam: float) -> str:
    return f"n = {n}, width {width}, noise {noise:g}, λ = {lam:g}"
