from typing import ClassVar

import numpy as np

from trainer.parts.datasets import Dataset, Raw, Shape, Truth, count_field, noise_field, vectors
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    n: int = count_field(300)
    features: int = described(
        200, label=("Features", "특징의 수"), help=("Inputs.", "입력의 수."), ge=2, le=5000, strict=True, scale="log", span=(5, 1000)
    )
    informative: int = described(
        10,
        label=("Informative", "중요한 특징"),
        help=("Features that the target depends on.", "목표값을 정하는 특징의 수."),
        ge=1,
        le=5000,
        strict=True,
        span=(1, 50),
    )
    noise: float = noise_field(0.5, "목표값에 더하는 표준편차.", "Deviation added to each target.")


@register("dataset", "sparse_linear", Params)
class SparseLinear(Dataset):
    texts = Texts(
        label={"en": "Sparse linear", "ko": "희소 선형"},
        text={
            "en": "Many features of which a few matter: y = x·w + noise with normal x, where w is ±1 to ±3 on the informative features and zero elsewhere. The ground on which L1 finds the true features and L2 does not.",
            "ko": "특징은 많지만 몇 개만 중요합니다. x는 정규분포, y = x·w + 노이즈이며, w는 중요한 특징에서 ±1에서 ±3, 나머지는 0입니다. L1은 진짜 특징을 찾아내고 L2는 그러지 못하는 것을 볼 수 있습니다.",
        },
        source="https://doi.org/10.1111/j.2517-6161.1996.tb02080.x",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, vectors(params.features), 0)

    def load(self, params: Params, seed: int) -> Raw:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(params.n, params.features))
        w = drawn_weights(rng, params.features, params.informative)
        y = x @ w + rng.normal(0, params.noise, params.n)
        return x.astype(np.float32), y.astype(np.float32)

    def fresh(self, params: Params, seed: int, own: int) -> Raw:
        w = weights_of(seed, params.n, params.features, params.informative)
        rng = np.random.default_rng(own)
        x = rng.normal(size=(params.n, params.features))
        y = x @ w + rng.normal(0, params.noise, params.n)
        return x.astype(np.float32), y.astype(np.float32)

    def truth(self, params: Params, seed: int, x: np.ndarray) -> Truth:
        return Truth(x.astype(np.float64) @ self.true_weights(params, seed), params.noise**2)

    def true_weights(self, params: Params, seed: int) -> np.ndarray:
        return weights_of(seed, params.n, params.features, params.informative)


def weights_of(seed: int, n: int, features: int, informative: int) -> np.ndarray:
    """The weights w that `load` draws after the inputs."""
    rng = np.random.default_rng(seed)
    rng.normal(size=(n, features))
    return drawn_weights(rng, features, informative)


def drawn_weights(rng: np.random.Generator, features: int, informative: int) -> np.ndarray:
    w = np.zeros(features)
    chosen = rng.permutation(features)[:informative]
    w[chosen] = rng.uniform(1, 3, len(chosen)) * rng.choice([-1, 1], len(chosen))
    return w
