from typing import ClassVar

import numpy as np
from sklearn.datasets import make_circles

from trainer.parts.datasets import Dataset, Raw, Shape, count_field, noise_field, vectors
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    n: int = count_field(400)
    noise: float = noise_field(0.1)
    factor: float = described(
        0.5, label=("Inner radius", "안쪽 반지름"), help=("Over the outer one.", "바깥 원에 대한 비율."), gt=0, lt=1, span=(0.1, 0.9)
    )


@register("dataset", "circles", Params)
class Circles(Dataset):
    texts = Texts(
        label={"en": "Two circles", "ko": "두 동심원"},
        text={
            "en": "One circle inside another, drawn anew from the seed. A linear model is at chance; one hidden layer with a handful of units is enough.",
            "ko": "한 원 안에 다른 원이 있으며 시드마다 새로 뽑습니다. 선형 모델은 찍는 것과 같고, 유닛이 몇 개뿐인 은닉층 하나면 충분합니다.",
        },
        source="https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_circles.html",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, vectors(2), 2)

    def load(self, params: Params, seed: int) -> Raw:
        x, y = make_circles(params.n, noise=params.noise, factor=params.factor, random_state=seed % 2**32)
        return x.astype(np.float32), y.astype(np.int64)
