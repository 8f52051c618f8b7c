from typing import ClassVar

import numpy as np

from trainer.parts.datasets import Dataset, Raw, Shape, Truth, count_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    n: int = count_field(2000)
    length: int = described(
        50, label=("Length", "길이"), help=("Positions of each sequence.", "순서열의 자리 수."), ge=4, le=1000, strict=True, span=(10, 200)
    )


@register("dataset", "adding", Params)
class Adding(Dataset):
    texts = Texts(
        label={"en": "Adding problem", "ko": "덧셈 문제"},
        text={
            "en": "Sequences of a number in [0, 1] and a mark; two numbers are marked, one in each half, and the target is their sum. Whoever forgets can only answer 1, with a mean squared error of 1/6: the classic test of whether a recurrent network carries something over many steps (Hochreiter & Schmidhuber 1997, in its usual form).",
            "ko": "[0, 1]의 수와 표시로 된 순서열입니다. 앞뒤 절반에서 수를 하나씩 표시하고 그 합이 목표값입니다. 기억하지 못하면 1이라고 답할 수밖에 없어 평균 제곱 오차가 1/6이며, 순환망이 여러 스텝 너머로 기억하는지 보는 고전적인 시험입니다(Hochreiter & Schmidhuber 1997, 흔히 쓰는 형태).",
        },
        source="https://doi.org/10.1162/neco.1997.9.8.1735",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, {"sequence": (params.length, 2), "vector": (params.length * 2,)}, 0)

    def load(self, params: Params, seed: int) -> Raw:
        rng = np.random.default_rng(seed)
        half, every = params.length // 2, np.arange(params.n)
        x = np.zeros((params.n, params.length, 2), np.float32)
        x[:, :, 0] = rng.uniform(0, 1, (params.n, params.length))
        first, second = rng.integers(0, half, params.n), rng.integers(half, params.length, params.n)
        x[every, first, 1] = x[every, second, 1] = 1
        return x, x[every, first, 0] + x[every, second, 0]

    def truth(self, params: Params, seed: int, x: np.ndarray) -> Truth:
        x = x.astype(np.float64).reshape(len(x), -1, 2)
        return Truth((x[:, :, 0] * x[:, :, 1]).sum(axis=1), 0.0)
