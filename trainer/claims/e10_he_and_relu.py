from collections.abc import Mapping
from typing import ClassVar

import torch

from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.drawing import activation, generator, weight

#: Over networks of one width, E[a²] varies by a factor of about exp(√(5 · depth / width)): two at width 512.
WIDTH, BATCH, DEPTH, XAVIER_DEPTH = 512, 256, 50, 22


class HeAndRelu(Claim):
    id: ClassVar[str] = "E10"
    label: ClassVar[Words] = {"en": "He and ReLU", "ko": "카이밍(허)과 ReLU"}
    criterion: ClassVar[Words] = {
        "en": "Depth 50, width 256 or more, He: E[a²] at the last layer within [0.1, 10] of the first. Xavier, depth 22: within 10 × of 2⁻²¹. Dead fraction of the same draw, zero biases: He − Xavier = 0.",
        "ko": "깊이 50, 너비 256 이상, 카이밍(허): 마지막 층의 E[a²]가 첫 층의 [0.1, 10]배. 제이비어, 깊이 22: 2⁻²¹의 10배 안. 같은 뽑기, 편향 값 0에서 죽은 비율: 카이밍(허) − 제이비어 = 0.",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "he_ratio",
            {"en": "E[a²] last / first, He, depth 50", "ko": "E[a²] 마지막/처음, 카이밍(허), 깊이 50"},
            above=0.1,
            below=10,
            strict=False,
        ),
        Bound(
            "xavier_ratio",
            {"en": "E[a²] ratio over 2⁻²¹, Xavier, depth 22", "ko": "E[a²] 비 ÷ 2⁻²¹, 제이비어, 깊이 22"},
            above=0.1,
            below=10,
            strict=False,
        ),
        Bound(
            "dead_difference",
            {"en": "dead fraction, He − Xavier", "ko": "죽은 비율, 카이밍(허) − 제이비어"},
            above=0,
            below=0,
            strict=False,
        ),
    )
    statements: ClassVar[dict[int, Verdict]] = {51: "refutes"}
    exact: ClassVar[bool] = False
    source: ClassVar[str] = "https://arxiv.org/abs/1502.01852"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "layer", "ko": "층"}, {"en": "E[a²]", "ko": "E[a²]"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        he, he_dead = _through(seed, "kaiming_normal", WIDTH, DEPTH)
        xavier, xavier_dead = _through(seed, "xavier_normal", WIDTH, XAVIER_DEPTH)
        dead = sum(he_dead[:XAVIER_DEPTH]) / XAVIER_DEPTH, sum(xavier_dead) / XAVIER_DEPTH
        values = {
            "he_ratio": he[-1] / he[0],
            "xavier_ratio": xavier[-1] / xavier[0] * 2 ** (XAVIER_DEPTH - 1),
            "dead_difference": dead[0] - dead[1],
            "dead fraction, He": dead[0],
            "dead fraction of the last layer, He": he_dead[-1],
        }
        for width in (64, 256):
            narrow, _ = _through(seed, "kaiming_normal", width, DEPTH)
            values[f"E[a²] last / first, He, width {width}"] = narrow[-1] / narrow[0]
        return Found(values, [Curve("He", range(1, DEPTH + 1), he), Curve("Xavier", range(1, XAVIER_DEPTH + 1), xavier)])


def _through(seed: int, init: str, width: int, depth: int) -> tuple[list[float], list[float]]:
    """For every layer, with zero biases: E[a²], and the share of units that no example of a Gaussian batch activates.

    The generator is the same for every init, so two inits are the same draw at two scales. float64: rounding changes no sign.
    """
    relu, gain = activation("relu")
    source = generator(seed, f"relu/{width}")
    a = torch.randn(BATCH, width, generator=source, dtype=torch.float64)
    squares, dead = [], []
    for _ in range(depth):
        a = relu(a @ weight((width, width), init, source, gain, torch.float64).T)
        squares.append(float(a.square().mean()))
        dead.append(float((a == 0).all(dim=0).double().mean()))
    return squares, dead
