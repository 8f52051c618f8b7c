from typing import ClassVar

import numpy as np

from trainer.parts.datasets import Dataset, Raw, Shape, Truth, count_field, noise_field, vectors
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    n: int = count_field(200)
    noise: float = noise_field(0.3, "목표값에 더하는 표준편차.", "Deviation added to each target.")
    periods: float = described(
        1.0, label=("Periods", "주기"), help=("From x = 0 to x = 1.", "x = 0에서 1까지."), gt=0, le=20, span=(0.5, 5)
    )
    equispaced: StrictBool = described(
        False, label=("Equispaced", "등간격"), help=("Inputs on a grid instead of random ones.", "입력을 무작위 대신 격자 위에 둔다.")
    )


@register("dataset", "sine", Params)
class Sine(Dataset):
    texts = Texts(
        label={"en": "Sine", "ko": "사인 곡선"},
        text={
            "en": "One input, one output: sin(2πx · periods) on [−1, 1] with noise, drawn anew from the seed. The whole fitted function can be drawn, so underfitting and overfitting are seen as curves.",
            "ko": "입력 하나, 출력 하나인 회귀로, [−1, 1]에서 노이즈를 더한 sin(2πx · 주기)이며 시드마다 새로 뽑습니다. 맞춘 함수 전체를 그릴 수 있어 과소적합과 과대적합이 곡선으로 보입니다.",
        },
        source="https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, vectors(1), 0)

    def load(self, params: Params, seed: int) -> Raw:
        rng = np.random.default_rng(seed)
        x = np.linspace(-1, 1, params.n) if params.equispaced else rng.uniform(-1, 1, params.n)
        y = np.sin(2 * np.pi * params.periods * x) + rng.normal(0, params.noise, params.n)
        return x[:, None].astype(np.float32), y.astype(np.float32)

    def truth(self, params: Params, seed: int, x: np.ndarray) -> Truth:
        return Truth(np.sin(2 * np.pi * params.periods * x.astype(np.float64).ravel()), params.noise**2)
