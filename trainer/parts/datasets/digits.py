from functools import lru_cache

import numpy as np
from sklearn.datasets import load_digits

from trainer.parts.datasets import Dataset, Raw, Shape, pictures
from trainer.registry import NoParams, Texts, register


@lru_cache(1)
def _digits() -> Raw:
    x, y = load_digits(return_X_y=True)
    return x.astype(np.float32), y.astype(np.int64)


@register("dataset", "digits")
class Digits(Dataset):
    texts = Texts(
        label={"en": "Handwritten digits", "ko": "손글씨 숫자"},
        text={
            "en": "1,797 images of 8 × 8 pixels in ten classes, read as vectors of 64. Small enough that a run takes seconds, real enough that a deep network can fail on it. From the UCI collection, by way of scikit-learn (CC BY 4.0).",
            "ko": "8 × 8 픽셀 이미지 1,797장, 열 가지 클래스이며 길이 64의 벡터로 읽습니다. 몇 초면 훈련이 끝나지만 깊은 망은 실패할 수도 있습니다. UCI 모음에서 scikit-learn을 거쳐 왔습니다(CC BY 4.0).",
        },
        source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    )

    def shape(self, params: NoParams) -> Shape:
        return Shape(1797, pictures(8, 8), 10)

    def load(self, params: NoParams, seed: int) -> Raw:
        return _digits()

    def warm(self) -> None:
        _digits()
