import random
import sys
import types
from functools import lru_cache
from typing import ClassVar

import numpy as np

from trainer.parts.datasets import Dataset, Raw, Shape
from trainer.registry import NoParams, Texts, register


@lru_cache(1)
def _mnist1d() -> Raw:
    """The data that the package makes from its own seed; this process's random states are not changed.

    The package imports requests and matplotlib for a download and a drawing that are not used here. Empty modules replace them
    if they are not imported yet, which saves half a second and 30 MB.
    """
    absent = [name for name in ("requests", "matplotlib", "matplotlib.pyplot") if name not in sys.modules]
    sys.modules.update({name: types.ModuleType(name) for name in absent})
    before = random.getstate(), np.random.get_state()
    try:
        import mnist1d.data as package

        made = package.make_dataset(package.get_dataset_args())
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        for name in absent:
            del sys.modules[name]
    x = np.concatenate([made["x"], made["x_test"]])
    return x.astype(np.float32), np.concatenate([made["y"], made["y_test"]]).astype(np.int64)


@register("dataset", "mnist1d")
class Mnist1D(Dataset):
    texts = Texts(
        label={"en": "MNIST-1D", "ko": "MNIST-1D"},
        text={
            "en": "5,000 curves of 40 points in ten classes: a template a digit, padded, shifted, scaled, sheared and noisy. Linear models reach about 32 %, networks that share weights over positions over 90 %, so it tells architectures apart in seconds (Greydanus & Kobak 2024, by the package mnist1d, Apache 2.0).",
            "ko": "점 40개로 된 곡선 5,000개, 열 가지 클래스입니다. 숫자마다 하나인 본을 늘이고 옮기고 기울이고 노이즈를 더해 만듭니다. 선형 모델은 32 % 안팎, 위치마다 가중치를 함께 쓰는 망은 90 %가 넘어 구조의 차이가 몇 초면 드러납니다(Greydanus & Kobak 2024, mnist1d 패키지, Apache 2.0).",
        },
        source="https://github.com/greydanus/mnist1d",
    )
    views: ClassVar = {"vector": (40,), "sequence": (40, 1)}

    def shape(self, params: NoParams) -> Shape:
        return Shape(5000, self.views, 10)

    def load(self, params: NoParams, seed: int) -> Raw:
        return _mnist1d()
