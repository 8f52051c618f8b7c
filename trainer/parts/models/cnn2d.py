from typing import ClassVar

from trainer.parts.models._convolutional import Convolutional, Params
from trainer.registry import Texts, register


@register("model", "cnn2d", Params)
class Cnn2d(Convolutional):
    texts = Texts(
        label={"en": "Convolutional, 2-d", "ko": "2차원 합성곱망"},
        text={
            "en": "Convolutions over images, halved by max-pooling between layers, and the mean over positions before the outputs. Far fewer weights than an MLP of the same strength; the ground on which batch, instance and group normalisation were made.",
            "ko": "이미지 위의 합성곱이며 계층 사이에서 최대 풀링으로 크기를 반으로 줄이고, 출력 전에 자리에 걸쳐 평균을 냅니다. 같은 힘의 다층 퍼셉트론보다 가중치가 훨씬 적고, 배치·인스턴스·그룹 정규화가 나온 자리입니다.",
        },
        source="https://www.deeplearningbook.org/contents/convnets.html",
    )
    works_with: ClassVar = {"layouts": ["image"], "hidden": True}
