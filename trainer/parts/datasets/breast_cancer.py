from functools import lru_cache

import numpy as np
from sklearn.datasets import load_breast_cancer

from trainer.parts.datasets import Dataset, Raw, Shape, vectors
from trainer.registry import NoParams, Texts, register


@lru_cache(1)
def _breast_cancer() -> Raw:
    x, y = load_breast_cancer(return_X_y=True)
    return x.astype(np.float32), y.astype(np.int64)


@register("dataset", "breast_cancer")
class BreastCancer(Dataset):
    texts = Texts(
        label={"en": "Breast cancer", "ko": "유방암"},
        text={
            "en": "569 tumours described by 30 measurements of cell nuclei, benign or malignant. Nearly linear, so a large network can only overfit it. From the UCI collection, by way of scikit-learn (CC BY 4.0).",
            "ko": "세포핵을 잰 값 30개로 나타낸 종양 569건이며 양성 또는 악성입니다. 거의 선형으로 나뉘어 큰 망은 과대적합하기 쉽습니다. UCI 모음에서 scikit-learn을 거쳐 왔습니다(CC BY 4.0).",
        },
        source="https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
    )

    def shape(self, params: NoParams) -> Shape:
        return Shape(569, vectors(30), 2)

    def load(self, params: NoParams, seed: int) -> Raw:
        return _breast_cancer()

    def warm(self) -> None:
        _breast_cancer()
