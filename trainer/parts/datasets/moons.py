from typing import ClassVar

import numpy as np
from sklearn.datasets import make_moons

from trainer.parts.datasets import Dataset, Raw, Shape, count_field, noise_field, vectors
from trainer.registry import Texts, register
from trainer.spec import Strict


class Params(Strict):
    n: int = count_field(400)
    noise: float = noise_field(0.2)


@register("dataset", "moons", Params)
class Moons(Dataset):
    texts = Texts(
        label={"en": "Two moons", "ko": "두 초승달"},
        text={
            "en": "Two interleaved half circles in the plane, drawn anew from the seed. No straight line separates them; with noise and few points a large network learns the noise.",
            "ko": "평면에서 맞물린 두 반원으로, 시드마다 새로 뽑습니다. 직선으로는 나눌 수 없고, 노이즈가 있고 점이 적으면 큰 망이 노이즈까지 외웁니다.",
        },
        source="https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_moons.html",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, vectors(2), 2)

    def load(self, params: Params, seed: int) -> Raw:
        x, y = make_moons(params.n, noise=params.noise, random_state=seed % 2**32)
        return x.astype(np.float32), y.astype(np.int64)
