from collections.abc import Mapping
from typing import ClassVar

import torch

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.drawing import activation, generator, weight

INPUTS, EXAMPLES, TESTED, SIGMA, DRAWS = 20, 200, 400, 0.5, 15
FEATURES = (20, 50, 100, 150, 180, 190, 200, 210, 220, 260, 350, 600, 1200, 3000)


class DoubleDescent(Claim):
    id: ClassVar[str] = "E2"
    label: ClassVar[Words] = {"en": "Double descent", "ko": "이중 하강"}
    criterion: ClassVar[Words] = {
        "en": "The median test risk peaks at N in [180, 220], and var(3000) < 0.1 var(200).",
        "ko": "시험 위험의 중앙값이 N ∈ [180, 220]에서 가장 크고, 분산(3000) < 0.1 · 분산(200).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound("peak", {"en": "N of the largest median risk", "ko": "위험의 중앙값이 가장 큰 N"}, above=180, below=220, strict=False),
        Bound("variance_ratio", {"en": "var(3000)/var(200)", "ko": "분산(3000)/분산(200)"}, above=None, below=0.1, strict=True),
    )
    statements: ClassVar[dict[int, Verdict]] = {6: "refutes", 7: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://doi.org/10.1073/pnas.1903070116"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "features N", "ko": "특징 수 N"}, {"en": "test risk, variance", "ko": "시험 위험, 분산"})
    log_axes: ClassVar[tuple[bool, bool]] = (True, True)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        predicted, truth = _predictions(seed)
        risk = ((predicted - truth) ** 2).mean(dim=2).median(dim=1).values.tolist()
        variance = predicted.var(dim=1).mean(dim=1).tolist()
        of = dict(zip(FEATURES, variance, strict=True))
        values = {
            "peak": float(FEATURES[risk.index(max(risk))]),
            "variance_ratio": of[3000] / of[200],
            "median risk(50)": risk[FEATURES.index(50)],
            "median risk(200)": risk[FEATURES.index(200)],
            "median risk(3000)": risk[FEATURES.index(3000)],
        }
        return Found(values, [Curve("median risk", FEATURES, risk), Curve("variance", FEATURES, variance)])


def _predictions(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions at the same test points for each number of features and each draw of data and features, [N, draw, point]; the truth.

    The true function is linear and has variance 1. A smaller model uses the first features of a larger one.
    """
    relu, _ = activation("relu")
    source = generator(seed, "double descent")
    slope = torch.nn.functional.normalize(torch.randn(INPUTS, generator=source, dtype=torch.float64), dim=0)
    tested = torch.randn(TESTED, INPUTS, generator=source, dtype=torch.float64)
    draws = []
    for _ in range(DRAWS):
        x = torch.randn(EXAMPLES, INPUTS, generator=source, dtype=torch.float64)
        y = x @ slope + SIGMA * torch.randn(EXAMPLES, generator=source, dtype=torch.float64)
        w = weight((FEATURES[-1], INPUTS), "normal", source, dtype=torch.float64, std=INPUTS**-0.5)
        seen, unseen = relu(x @ w.T), relu(tested @ w.T)
        draws.append(torch.stack([unseen[:, :n] @ minimum_norm(seen[:, :n], y) for n in FEATURES]))
    return torch.stack(draws, dim=1), tested @ slope


def minimum_norm(a: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The shortest least-squares solution of a·c = y. If a is far from square, a system of the smaller side's size is faster."""
    rows, columns = a.shape
    if columns >= 2 * rows:
        return a.T @ torch.linalg.solve(a @ a.T, y)
    return torch.linalg.lstsq(a, y[:, None], driver="gelsd").solution[:, 0]
