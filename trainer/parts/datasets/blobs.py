from typing import ClassVar

import numpy as np
from sklearn.datasets import make_blobs

from trainer.parts.datasets import Dataset, Raw, Shape, count_field, vectors
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    n: int = count_field(400)
    classes: int = described(
        4, label=("Classes", "클래스 수"), help=("Clouds of points.", "점 구름의 수."), ge=2, le=10, strict=True, span=(2, 10)
    )
    spread: float = described(
        1.5,
        label=("Spread", "퍼짐"),
        help=("Deviation of each cloud; centres lie within ±10.", "구름의 표준편차. 중심은 ±10 안에 있다."),
        gt=0,
        le=10,
        span=(0.2, 5),
    )


@register("dataset", "blobs", Params)
class Blobs(Dataset):
    texts = Texts(
        label={"en": "Blobs", "ko": "뭉치"},
        text={
            "en": "Clouds of points around random centres, one a class, drawn anew from the seed. The best boundary between two clouds is straight, so whatever bends more is fitting noise.",
            "ko": "무작위 중심 둘레의 점 구름이 클래스마다 하나씩 있으며 시드마다 새로 뽑습니다. 두 구름 사이의 가장 좋은 경계는 직선이라서, 더 굽은 경계는 노이즈를 맞춘 것입니다.",
        },
        source="https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_blobs.html",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, vectors(2), params.classes)

    def load(self, params: Params, seed: int) -> Raw:
        x, y = make_blobs(params.n, 2, centers=params.classes, cluster_std=params.spread, random_state=seed % 2**32)
        return x.astype(np.float32), y.astype(np.int64)

    def fresh(self, params: Params, seed: int, own: int) -> Raw:
        _, _, centres = make_blobs(params.n, 2, centers=params.classes, random_state=seed % 2**32, return_centers=True)
        x, y = make_blobs(params.n, 2, centers=centres, cluster_std=params.spread, random_state=own % 2**32)
        return x.astype(np.float32), y.astype(np.int64)
