from typing import ClassVar

import numpy as np

from trainer.parts.datasets import Dataset, Raw, Shape, count_field, vectors
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    n: int = count_field(600)
    arms: int = described(2, label=("Arms", "팔의 수"), help=("One a class.", "클래스마다 하나."), ge=2, le=10, strict=True, span=(2, 5))
    turns: float = described(
        1.5, label=("Turns", "회전"), help=("From the middle outwards.", "가운데에서 바깥까지."), gt=0, le=5, span=(0.25, 3)
    )
    noise: float = described(
        0.03,
        label=("Noise", "노이즈"),
        help=("Deviation added to each coordinate; the radius is 1.", "좌표에 더하는 표준편차. 반지름은 1."),
        ge=0,
        le=5,
        span=(0, 0.3),
    )


@register("dataset", "spirals", Params)
class Spirals(Dataset):
    texts = Texts(
        label={"en": "Spirals", "ko": "나선"},
        text={
            "en": "Arms that wind around each other, one a class, drawn anew from the seed. The hardest of the plane figures: the boundary has to turn with the arms, which takes width, depth and time.",
            "ko": "서로 감긴 나선 팔이 클래스마다 하나씩 있으며 시드마다 새로 뽑습니다. 평면 도형 가운데 가장 어려워서, 경계가 팔을 따라 돌려면 너비와 깊이와 시간이 필요합니다.",
        },
        source="https://playground.tensorflow.org",
    )
    generated: ClassVar[bool] = True

    def shape(self, params: Params) -> Shape:
        return Shape(params.n, vectors(2), params.arms)

    def load(self, params: Params, seed: int) -> Raw:
        rng = np.random.default_rng(seed)
        y = np.arange(params.n) % params.arms
        along = np.sqrt(rng.uniform(0, 1, params.n))
        angle = 2 * np.pi * (params.turns * along + y / params.arms)
        x = np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1) + rng.normal(0, params.noise, (params.n, 2))
        return x.astype(np.float32), y.astype(np.int64)
