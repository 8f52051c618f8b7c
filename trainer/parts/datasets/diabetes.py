from functools import lru_cache

import numpy as np
from sklearn.datasets import load_diabetes

from trainer.parts.datasets import Dataset, Raw, Shape, vectors
from trainer.registry import NoParams, Texts, register


@lru_cache(1)
def _diabetes() -> Raw:
    x, y = load_diabetes(return_X_y=True)
    return x.astype(np.float32), y.astype(np.float32)


@register("dataset", "diabetes")
class Diabetes(Dataset):
    texts = Texts(
        label={"en": "Diabetes", "ko": "당뇨병"},
        text={
            "en": "442 patients, ten measurements and how far the disease had gone a year later: a regression in which much of the variance can’t be explained by anything that was measured (Efron et al. 2004, by way of scikit-learn).",
            "ko": "환자 442명의 측정값 10개와 1년 뒤 병의 진행 정도입니다. 잰 값으로는 분산의 많은 부분을 설명할 수 없는 회귀 문제입니다(Efron 외 2004, scikit-learn을 거쳐 왔습니다).",
        },
        source="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
    )

    def shape(self, params: NoParams) -> Shape:
        return Shape(442, vectors(10), 0)

    def load(self, params: NoParams, seed: int) -> Raw:
        return _diabetes()

    def warm(self) -> None:
        _diabetes()
