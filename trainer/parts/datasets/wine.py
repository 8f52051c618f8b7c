from functools import lru_cache

import numpy as np
from sklearn.datasets import load_wine

from trainer.parts.datasets import Dataset, Raw, Shape, vectors
from trainer.registry import NoParams, Texts, register


@lru_cache(1)
def _wine() -> Raw:
    x, y = load_wine(return_X_y=True)
    return x.astype(np.float32), y.astype(np.int64)


@register("dataset", "wine")
class Wine(Dataset):
    texts = Texts(
        label={"en": "Wine", "ko": "와인"},
        text={
            "en": "178 wines of three growers by 13 chemical measurements on very different scales: without standardised inputs a network hardly learns it. From the UCI collection, by way of scikit-learn (CC BY 4.0).",
            "ko": "세 재배자의 와인 178종을 화학 분석 값 13개로 나타냅니다. 특징마다 척도가 아주 달라 입력을 표준화하지 않으면 거의 배우지 못합니다. UCI 모음에서 scikit-learn을 거쳐 왔습니다(CC BY 4.0).",
        },
        source="https://archive.ics.uci.edu/dataset/109/wine",
    )

    def shape(self, params: NoParams) -> Shape:
        return Shape(178, vectors(13), 3)

    def load(self, params: NoParams, seed: int) -> Raw:
        return _wine()

    def warm(self) -> None:
        _wine()
